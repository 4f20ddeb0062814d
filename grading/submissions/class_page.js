"use strict";
// Sorts the table of the class by any column, filters it by name, opens what a link or a printer needs. All is there without it.
for (const table of document.querySelectorAll("table.matrix")) {
	const body = table.tBodies[0];
	const key = (row, n) => row.cells[n].dataset.key ?? row.cells[n].textContent;
	const compare = (n) => (a, b) => key(a, n).localeCompare(key(b, n), "en", { numeric: true });
	const heads = [...table.tHead.rows[0].cells];
	heads.forEach((head, n) => {
		const sort = () => {
			const up = head.ariaSort === "ascending" || (n > 0 && head.ariaSort === null) ? "descending" : "ascending";
			heads.forEach((other) => other.removeAttribute("aria-sort"));
			head.setAttribute("aria-sort", up);
			const rows = [...body.rows].sort(compare(n));
			body.append(...(up === "ascending" ? rows : rows.reverse()));
		};
		head.classList.add("sortable");
		head.tabIndex = 0;
		head.title = "sort by this column";
		head.addEventListener("click", sort);
		head.addEventListener("keydown", (event) => event.key === "Enter" && sort());
	});
	const filter = document.createElement("input");
	filter.className = "filter";
	filter.type = "search";
	filter.placeholder = "only names with…";
	filter.setAttribute("aria-label", filter.placeholder);
	filter.addEventListener("input", () => {
		const wanted = filter.value.toLowerCase();
		for (const row of body.rows)
			row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
		for (const student of document.querySelectorAll("details.student"))
			student.hidden = !student.querySelector("summary b").textContent.toLowerCase().includes(wanted);
	});
	table.parentElement.before(filter);
}
const reveal = () => {
	const target = location.hash && document.getElementById(location.hash.slice(1));
	for (let at = target; at; at = at.parentElement)
		if (at.tagName === "DETAILS")
			at.open = true;
	if (target)
		target.scrollIntoView();
};
addEventListener("hashchange", reveal);
addEventListener("beforeprint", () => document.querySelectorAll("details.student").forEach((one) => { one.open = true; }));
reveal();
