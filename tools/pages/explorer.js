// The pages of schemas: copy a pointer, open or close a whole tree. Every page: tables that scroll can be reached by
// the keyboard, and the buttons of code are no landmarks.
(function () {
  "use strict";

  function said(button, text) {
    var before = button.textContent;
    button.textContent = text;
    window.setTimeout(function () { button.textContent = before; }, 1200);
  }

  // A page from a folder has no clipboard of its own: there the text is selected for the reader.
  function copy(button) {
    var text = button.getAttribute("data-copy");
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(text).then(function () { said(button, "✓"); });
      return;
    }
    var code = button.parentNode.querySelector("code");
    if (!code) return;
    var range = document.createRange();
    range.selectNodeContents(code);
    window.getSelection().removeAllRanges();
    window.getSelection().addRange(range);
    if (document.execCommand && document.execCommand("copy")) said(button, "✓");
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("button") : null;
    if (!button) return;
    if (button.hasAttribute("data-copy")) copy(button);
    if (button.hasAttribute("data-tree")) {
      var open = button.getAttribute("data-tree") === "open";
      Array.prototype.forEach.call(document.querySelectorAll(".lepton-tree details"), function (each) {
        each.open = open;
      });
    }
  });

  function mend() {
    Array.prototype.forEach.call(document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset table"), function (each) {
      if (each.scrollWidth > each.clientWidth) each.setAttribute("tabindex", "0");
      else each.removeAttribute("tabindex");
    });
    Array.prototype.forEach.call(document.querySelectorAll(".md-code__nav:not([role])"), function (each) {
      each.setAttribute("role", "none");
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    mend();
    window.addEventListener("resize", mend);
    document.addEventListener("toggle", mend, true);
    new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
  });
})();
