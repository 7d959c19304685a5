// A picture of a person, made small and square in the browser before it is sent: a photo of 5 MB becomes 40 kB, and
// what the camera wrote into it stays at home. Without this, the server takes the picture as it is, up to its limit.
const SIDE = 384;

async function squared(file) {
  const picture = await createImageBitmap(file);
  const side = Math.min(picture.width, picture.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(SIDE, side);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  const left = (picture.width - side) / 2;
  // Faces are in the upper part of an upright picture.
  const top = (picture.height - side) / 3;
  pen.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
  return { canvas, file: new File([blob], "portrait.jpg", { type: "image/jpeg" }) };
}

document.addEventListener("change", async (event) => {
  const input = event.target.closest?.("[data-portrait]");
  const chosen = input?.files[0];
  if (!chosen || chosen.name === "portrait.jpg") return;
  try {
    const { canvas, file } = await squared(chosen);
    const bag = new DataTransfer();
    bag.items.add(file);
    input.files = bag.files;
    canvas.className = "av xl";
    document.querySelector("[data-portrait-shown]")?.replaceChildren(canvas);
  } catch {
    // No picture that this browser can read: the server says what it takes.
  }
});
