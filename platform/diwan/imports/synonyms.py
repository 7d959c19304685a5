"""What people call the columns of their files, in English and Arabic, by the concept that they mean.

It must not name a plugin's fields: a field with names of its own declares them as its synonyms.
"""

from __future__ import annotations

# Concept -> names. The first three are close to the concept itself: a field named like one of them takes all others.
CONCEPTS: dict[str, tuple[str, ...]] = {
    "name": ("full name", "company name", "company", "organisation", "organization", "organisation name",
             "organization name", "business name", "customer name", "supplier name", "vendor name", "client name",
             "customer", "supplier", "vendor", "client", "account", "account name", "legal name", "display name",
             "title", "الاسم", "اسم", "الاسم الكامل",
             "اسم الشركة", "الشركة", "المؤسسة", "اسم المؤسسة", "المنشأة", "اسم العميل",
             "العميل", "اسم المورد", "المورد", "اسم الزبون", "الزبون", "الجهة"),
    "contact_name": ("contact person", "contact name", "person", "attention", "attn", "main contact", "primary contact",
                     "contact", "representative", "الشخص المسؤول", "جهة الاتصال", "اسم جهة الاتصال", "شخص الاتصال",
                     "المسؤول", "المندوب", "مسؤول الاتصال"),
    "first_name": ("given name", "first name", "forename", "الاسم الأول", "الاسم الشخصي"),
    "last_name": ("family name", "last name", "surname", "اسم العائلة", "اللقب", "الاسم الأخير", "الكنية"),
    "name_ar": ("arabic name", "name arabic", "name in arabic", "الاسم بالعربية", "الاسم العربي", "الاسم بالعربي"),
    "name_en": ("english name", "name english", "name in english", "الاسم بالإنجليزية", "الاسم الإنجليزي",
                "الاسم بالانجليزي"),
    "job_title": ("position", "job title", "contact title", "title", "role", "function", "job", "occupation",
                  "المسمى الوظيفي", "الوظيفة", "المنصب", "الصفة"),
    "email": ("e-mail", "email address", "mail", "e-mail address", "email 1", "primary email", "contact email",
              "البريد الإلكتروني", "البريد الالكتروني", "الإيميل", "ايميل", "البريد", "بريد إلكتروني"),
    "phone": ("telephone", "phone number", "tel", "telephone number", "phone 1", "primary phone", "work phone",
              "business phone", "office phone", "phone no", "tel no", "landline", "contact number", "الهاتف", "هاتف",
              "رقم الهاتف", "التلفون", "تلفون", "تليفون", "رقم التلفون", "هاتف العمل"),
    "mobile": ("mobile phone", "cell", "cell phone", "mobile number", "cellphone", "gsm", "handy", "mobile no",
               "الجوال", "جوال", "رقم الجوال", "الموبايل", "موبايل", "النقال", "المحمول", "الهاتف المحمول",
               "الهاتف النقال"),
    "whatsapp": ("whats app", "whatsapp number", "واتساب", "واتس اب", "رقم الواتساب"),
    "fax": ("fax number", "telefax", "facsimile", "fax no", "الفاكس", "فاكس", "رقم الفاكس"),
    "website": ("web site", "homepage", "url", "web", "site", "home page", "web address", "internet", "www", "webpage",
                "الموقع", "الموقع الإلكتروني", "موقع الويب", "موقع إلكتروني", "الصفحة"),
    "street": ("address", "street address", "address 1", "address line 1", "address line", "street 1", "road",
               "mailing address", "billing address", "العنوان", "عنوان", "الشارع", "شارع", "عنوان الشارع"),
    "street2": ("address 2", "address line 2", "street 2", "address2", "unit", "suite", "building", "العنوان 2",
                "تكملة العنوان"),
    "city": ("town", "city town", "locality", "place", "municipality", "المدينة", "مدينة", "البلدة"),
    "region": ("state", "province", "county", "state province", "district", "governorate", "area", "state region",
               "المنطقة", "الولاية", "المحافظة", "الإقليم", "المقاطعة", "الإمارة"),
    "postal_code": ("postcode", "zip", "postal code", "zip code", "post code", "zipcode", "plz", "po code",
                    "الرمز البريدي", "الرمز البريدى", "رمز بريدي"),
    "country": ("country code", "nation", "country name", "country region", "land", "البلد", "الدولة", "دولة", "بلد"),
    "language": ("lang", "preferred language", "locale", "اللغة", "لغة"),
    "reference": ("code", "ref", "id", "number", "customer id", "customer code", "customer no", "customer number",
                  "supplier id", "supplier code", "supplier no", "vendor id", "vendor code", "client id", "account no",
                  "account number", "shipper id", "external id", "contact id", "الرقم", "الرمز", "الكود", "رقم العميل",
                  "كود العميل", "رمز العميل", "رقم المورد", "كود المورد", "المعرف", "رقم الحساب", "المرجع"),
    "vat_number": ("tax id", "tax number", "vat", "vat id", "vat no", "tin", "tax registration number", "trn",
                   "gst number", "الرقم الضريبي", "رقم التسجيل الضريبي", "رقم ضريبة القيمة المضافة"),
    "registration_number": ("commercial registration", "cr number", "company number", "trade licence", "cr no",
                            "السجل التجاري", "رقم السجل التجاري", "رقم السجل", "الرخصة التجارية"),
    "notes": ("note", "comment", "comments", "remarks", "remark", "description", "memo", "ملاحظات", "ملاحظة", "تعليق",
              "الوصف", "ملحوظات", "بيان"),
    "tags": ("tag", "labels", "categories", "category", "groups", "segment", "الوسوم", "التصنيف", "الفئة", "وسوم"),
    "birthday": ("date of birth", "dob", "birth date", "birthdate", "تاريخ الميلاد"),
    "currency": ("currency code", "curr", "العملة", "رمز العملة"),
    "price": ("unit price", "sales price", "list price", "cost", "السعر", "سعر الوحدة", "سعر البيع"),
    "quantity": ("qty", "amount", "count", "stock", "الكمية", "العدد"),
    "amount": ("total", "sum", "value", "المبلغ", "الإجمالي", "القيمة"),
    "date": ("day", "on", "التاريخ", "اليوم"),
    "active": ("is active", "enabled", "status", "نشط", "فعال", "الحالة"),
}  # fmt: skip

# Names that suit any field of a kind, when the field's own names say nothing.
KINDS: dict[str, tuple[str, ...]] = {
    kind: (concept, *CONCEPTS[concept])
    for kind, concept in (("email", "email"), ("phone", "phone"), ("url", "website"), ("country", "country"))
}
