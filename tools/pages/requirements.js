// The filter of long tables. Without this script every row is shown and the controls stay hidden.
// A control named N keeps the rows whose data-N has its value among its words; the choice stands in the address.
(function () {
  "use strict";

  function words(row, name) {
    return (row.getAttribute("data-" + name) || "").split(" ");
  }

  function fits(row, chosen) {
    var subject = chosen.subject || "";
    return Object.keys(chosen).every(function (name) {
      var value = chosen[name];
      if (!value) return true;
      if (name === "q") return row.cells[0].parentNode.textContent.toLowerCase().indexOf(value.toLowerCase()) >= 0;
      if (name === "verdict") {
        return words(row, name).some(function (word) {
          return subject ? word === subject + ":" + value : word.slice(word.indexOf(":") + 1) === value;
        });
      }
      return words(row, name).indexOf(value) >= 0;
    });
  }

  function columns(table, subject) {
    var heads = table.tHead.rows[0].cells;
    var named = Array.prototype.map.call(heads, function (cell) {
      var mark = cell.querySelector("[data-subject]");
      return mark ? mark.getAttribute("data-subject") : null;
    });
    var here = !subject || named.indexOf(subject) < 0;
    Array.prototype.forEach.call(table.rows, function (row) {
      Array.prototype.forEach.call(row.cells, function (cell, at) {
        cell.hidden = !here && named[at] !== null && named[at] !== subject;
      });
    });
  }

  function start(form) {
    var tables = form.getAttribute("data-tables").split(" ").map(function (id) {
      return document.getElementById(id);
    });
    var output = form.querySelector("output");
    var fields = Array.prototype.filter.call(form.elements, function (field) { return field.name; });

    function apply() {
      var chosen = {};
      fields.forEach(function (field) { chosen[field.name] = field.value.trim(); });
      var shown = 0, all = 0;
      tables.forEach(function (table) {
        var left = 0;
        Array.prototype.forEach.call(table.tBodies[0].rows, function (row) {
          row.hidden = !fits(row, chosen);
          all += 1;
          left += row.hidden ? 0 : 1;
        });
        shown += left;
        table.hidden = left === 0;
        if (fields.some(function (field) { return field.name === "subject"; })) columns(table, chosen.subject);
      });
      output.textContent = form.getAttribute("data-shown").replace("{n}", shown).replace("{all}", all);
      return chosen;
    }

    function note() {
      var chosen = apply();
      var parts = Object.keys(chosen).filter(function (name) { return chosen[name]; }).map(function (name) {
        return name + "=" + encodeURIComponent(chosen[name]);
      });
      history.replaceState(null, "", parts.length ? "#" + parts.join("&") : "#");
    }

    function read() {
      var said = {};
      location.hash.slice(1).split("&").forEach(function (part) {
        var at = part.indexOf("=");
        if (at > 0) said[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1));
      });
      fields.forEach(function (field) { field.value = said[field.name] || ""; });
      apply();
    }

    form.hidden = false;
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("input", note);
    window.addEventListener("hashchange", read);
    read();
  }

  document.addEventListener("DOMContentLoaded", function () {
    Array.prototype.forEach.call(document.querySelectorAll("form.filters"), start);
  });
})();
