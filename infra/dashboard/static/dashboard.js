// Comfort only: every page works without this file.
(() => {
  // "/" goes to the search field.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, select, textarea")) return;
    const field = document.querySelector("[data-find]");
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });

  // A picture that does not load uncovers the tile below it.
  document.addEventListener("error", ({ target }) => {
    if (target.matches?.(".tile img")) target.remove();
  }, true);

  // A file may be dropped; its name and size are shown.
  const drop = document.querySelector(".drop");
  if (!drop) return;
  const input = drop.querySelector("input");
  const name = drop.querySelector("[data-name]");
  const show = () => {
    const [file] = input.files;
    if (file) name.textContent = `${file.name}, ${Math.ceil(file.size / 1024)} kB`;
  };
  input.addEventListener("change", show);
  for (const type of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", type === "dragover");
      if (type !== "drop" || !event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      show();
    });
  }
})();
