// Show the buttons that copy the text before them, where the browser can. The page is complete without it.
if (navigator.clipboard) for (const button of document.querySelectorAll(".copy")) {
  const label = button.firstChild, said = document.getElementById("said");
  button.hidden = false;
  button.onclick = async () => {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    label.data = said.textContent = "Copied";
    setTimeout(() => { label.data = "Copy"; said.textContent = ""; }, 2000);
  };
}
