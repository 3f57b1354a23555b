// A table of numbers behind a picture; the first cell of each row heads it.
export function table(caption, columns, rows) {
  const made = Object.assign(document.createElement("table"), { className: "player__table" });
  made.createCaption().textContent = caption;
  const head = (row, scope, textContent) => row.append(Object.assign(document.createElement("th"), { scope, textContent }));
  const first = made.createTHead().insertRow();
  columns.forEach((name) => head(first, "col", name));
  const body = made.createTBody();
  for (const [name, ...values] of rows) {
    const row = body.insertRow();
    head(row, "row", name);
    for (const value of values) row.insertCell().textContent = value;
  }
  return made;
}
