"""The permission matrix: every address, and who may."""

from tests.security.matrix.branches import BRANCHES
from tests.security.matrix.business import BUSINESS
from tests.security.matrix.need import Need
from tests.security.matrix.platform import ACCOUNT, DOORS, OPERATOR, REST
from tests.security.matrix.resources import RESOURCES

MATRIX: dict[str, Need] = {**DOORS, **ACCOUNT, **OPERATOR, **BUSINESS, **RESOURCES, **REST, **BRANCHES}
