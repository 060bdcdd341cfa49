/// The script of a report: it moves the marked time, and shows what every unit contributed then.
///
/// Without it a report still shows the first stimulus of every cell and all tables.
enum ReportScript {
  /// The script; it holds no `<` but as an operator, so that nothing in it ends a `script` element.
  static let text = #"""
    "use strict";
    (() => {
    const data = JSON.parse(document.getElementById("data").textContent);
    const byId = id => document.getElementById(id);
    const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
    const decoded = new Map();
    const floats = text => {
      if (!decoded.has(text)) decoded.set(text, new Float32Array(bytes(text).buffer));
      return decoded.get(text);
    };
    const addresses = new Map();
    const picture = text => {
      if (!addresses.has(text)) addresses.set(text, URL.createObjectURL(new Blob([bytes(text)], {type: "image/png"})));
      return addresses.get(text);
    };
    const drawn = (name, attributes, parent) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const key in attributes) element.setAttribute(key, attributes[key]);
      if (parent) parent.append(element);
      return element;
    };
    const made = (name, text, className) => {
      const element = document.createElement(name);
      if (text !== undefined) element.textContent = text;
      if (className) element.className = className;
      return element;
    };

    // Numbers for people, and the shortest text that gives the same float32 again for machines.
    const raised = number => String(number).replace("-", "\u207b").replace(/\d/g, digit =>
      "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[digit]);
    const significant = value => {
      if (!Number.isFinite(value)) return "\u2013";
      if (value === 0) return "0";
      const [digits, exponent] = value.toExponential(2).split("e");
      const small = exponent >= -3 && exponent < 3, large = exponent >= 3 && exponent < 6;
      const text = small ? value.toPrecision(3) : large ? String(Math.round(value)) : `${digits}\u00d710${raised(Number(exponent))}`;
      return text.replace("-", "\u2212");
    };
    const signed = value => (value > 0 ? "+" : "") + significant(value);
    const exact = value => {
      for (let digits = 6; digits < 10; digits++) {
        const text = value.toPrecision(digits);
        if (Math.fround(Number(text)) === value) return String(Number(text));
      }
      return String(value);
    };

    // What is shown: one stimulus and one frame of it for all cells; the cell is the one that was touched last.
    const state = {cell: 0, stimulus: 0, frame: 0};
    const count = () => floats(data.cells[0].responses[state.stimulus].rates).length;
    const frameNumber = place => data.firstFrame + place;
    const timeText = place => {
      const frame = frameNumber(place);
      return data.frameRate ? `frame ${frame}, ${(frame / data.frameRate).toFixed(2)} s` : `frame ${frame}`;
    };
    const sections = data.cells.map(cell => byId("cell-" + cell.index));

    // MARK: One cell at the marked time

    const stale = new Set();
    let seen = new Set();
    const part = (place, name) => sections[place].querySelector("." + name);

    function showTrace(place) {
      const slot = part(place, "trace");
      if (slot.dataset.stimulus !== String(state.stimulus)) {
        const template = sections[place].querySelector(`template[data-stimulus="${state.stimulus}"]`);
        const kept = document.createElement("template");
        kept.dataset.stimulus = slot.dataset.stimulus;
        kept.content.append(...slot.childNodes);
        slot.append(template.content);
        template.replaceWith(kept);
        slot.dataset.stimulus = state.stimulus;
      }
      const svg = slot.querySelector("svg"), panel = slot.querySelector("[data-left]").dataset;
      const left = Number(panel.left), right = Number(panel.right);
      const x = left + (state.frame + 0.5) / count() * (right - left);
      let marker = svg.querySelector(".marker");
      if (!marker) {
        marker = drawn("g", {class: "marker"}, svg);
        const edges = panel.marked.split(" ");
        for (let i = 0; i < edges.length; i += 2) drawn("line", {y1: edges[i], y2: edges[i + 1]}, marker);
      }
      slot.scrollLeft = x / svg.viewBox.baseVal.width * slot.scrollWidth - slot.clientWidth / 2;
      for (const line of marker.children) {
        line.setAttribute("x1", x);
        line.setAttribute("x2", x);
      }
    }

    /// The first channels of a list, largest first; says so when there are more.
    function by(list, most) {
      const names = list.slice(0, most).map(([channel, value]) => `${channel} (${signed(value)})`).join(", ");
      return `${list.length > most ? "most " : ""}by channel${list.length > 1 ? "s" : ""} ${names}`;
    }

    function sentence(place) {
      const cell = data.cells[place], response = cell.responses[state.stimulus];
      const rate = floats(response.rates)[state.frame];
      const parts = [`At ${timeText(state.frame)} of \u201c${data.stimuli[state.stimulus].name}\u201d cell ${cell.index} `
        + `has a rate of ${significant(rate)} ${data.rateUnit}.`];
      response.layers.forEach((layer, index) => {
        const channels = data.layers[index].channels;
        const values = floats(layer.sums).subarray(state.frame * channels, (state.frame + 1) * channels);
        const order = Array.from(values, (value, channel) => [channel, value]);
        const largest = Math.max(...order.map(([, value]) => Math.abs(value)));
        const clear = order.filter(([, value]) => Math.abs(value) > largest * 0.1);
        const up = clear.filter(([, value]) => value > 0).sort((a, b) => b[1] - a[1]);
        const down = clear.filter(([, value]) => !(value > 0)).sort((a, b) => a[1] - b[1]);
        const said = [];
        if (up.length) said.push(`driven ${by(up, 3)}`);
        if (down.length) said.push(`held back ${by(down, 2)}`);
        parts.push(`In ${data.layers[index].name} it is ${said.join(" and ") || "driven by no channel"}.`);
      });
      if (response.observed) {
        const observed = floats(response.observed)[state.frame];
        if (Number.isFinite(observed)) parts.push(`The recording has ${significant(observed)} ${data.rateUnit}.`);
      }
      return parts.join(" ");
    }

    function showFrame(place) {
      const stimulus = data.stimuli[state.stimulus], cell = data.cells[place];
      // The newest frame that the rate depends on.
      const frame = state.frame + data.history - 1;
      const {width, height, columns} = stimulus, slot = part(place, "frame");
      let svg = slot.querySelector("svg");
      if (!svg) {
        svg = drawn("svg", {role: "img"}, slot);
        drawn("svg", {class: "picture", preserveAspectRatio: "none"}, svg);
        if (cell.centre) for (let ring = 0; ring < 2; ring++) drawn("circle", {}, svg);
      }
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      svg.setAttribute("aria-label", `Stimulus frame ${frame}`);
      if (slot.dataset.stimulus !== String(state.stimulus)) {
        svg.firstChild.replaceChildren(drawn("image", {
          href: picture(stimulus.image), width: width * columns, height: height * Math.ceil(stimulus.frames / columns),
          style: "image-rendering:pixelated", class: "photograph"}));
        slot.dataset.stimulus = state.stimulus;
      }
      const view = {x: 0, y: 0, width, height,
        viewBox: `${frame % columns * width} ${Math.floor(frame / columns) * height} ${width} ${height}`};
      for (const key in view) svg.firstChild.setAttribute(key, view[key]);
      for (const ring of svg.querySelectorAll("circle")) {
        ring.setAttribute("cx", cell.centre[0] + 0.5);
        ring.setAttribute("cy", cell.centre[1] + 0.5);
        ring.setAttribute("r", Math.max(width, height) / 10);
      }
    }

    function showBars(place) {
      const response = data.cells[place].responses[state.stimulus], table = part(place, "bars");
      response.layers.forEach((layer, index) => {
        const channels = data.layers[index].channels, sums = floats(layer.sums);
        let body = table.tBodies[index];
        if (!body) {
          body = table.createTBody();
          for (let channel = 0; channel < channels; channel++) {
            const row = body.insertRow(), head = made("th", `${data.layers[index].name} \u00b7 ${channel}`);
            head.scope = "row";
            row.append(head);
            const bar = made("div", undefined, "bar");
            bar.append(made("i"));
            row.insertCell().append(bar);
            row.insertCell();
          }
        }
        let limit = 0;
        for (const value of response.layers.flatMap(other => [...floats(other.sums)])) limit = Math.max(limit, Math.abs(value));
        for (let channel = 0; channel < channels; channel++) {
          const value = sums[state.frame * channels + channel], row = body.rows[channel];
          const bar = row.querySelector("i"), width = limit ? Math.abs(value) / limit * 50 : 0;
          bar.className = value < 0 ? "down" : "";
          bar.style.width = width + "%";
          bar.style.left = (value < 0 ? 50 - width : 50) + "%";
          row.cells[2].textContent = signed(value);
        }
      });
    }

    function showMaps(place) {
      const response = data.cells[place].responses[state.stimulus];
      response.layers.forEach((layer, index) => {
        const group = sections[place].querySelector(`.maps[data-layer="${index}"]`);
        const channels = data.layers[index].channels, sums = floats(layer.sums);
        const values = Array.from(sums.subarray(state.frame * channels, (state.frame + 1) * channels));
        const largest = Math.max(...values.map(Math.abs));
        const width = layer.columnsShown[1], height = layer.rows[1], total = values.length * width;
        const x = state.frame % layer.columns * total, y = Math.floor(state.frame / layer.columns) * height;
        group.querySelectorAll(".card").forEach((card, channel) => {
          const svg = card.querySelector(".map");
          if (card.dataset.stimulus !== String(state.stimulus)) {
            svg.style.setProperty("--ratio", width / height);
            svg.replaceChildren(drawn("image", {href: picture(layer.image), width: total * layer.columns,
              height: height * Math.ceil(sums.length / channels / layer.columns), style: "image-rendering:pixelated"}));
            card.dataset.stimulus = state.stimulus;
          }
          svg.setAttribute("viewBox", `${x + channel * width} ${y} ${width} ${height}`);
          card.querySelector("output").textContent = signed(values[channel]);
          card.classList.toggle("strong", largest > 0 && Math.abs(values[channel]) >= largest * 0.5);
        });
        for (const [name, value] of [["lower", -layer.limit], ["upper", layer.limit]]) {
          group.querySelector("." + name).textContent = signed(value);
        }
        group.querySelector(".place").textContent = `rows ${layer.rows[0]} to ${layer.rows[0] + height - 1}, columns `
          + `${layer.columnsShown[0]} to ${layer.columnsShown[0] + width - 1} of ${data.layers[index].height} \u00d7 `
          + data.layers[index].width;
        const units = [], list = layer.largest[state.frame], plane = data.layers[index].height * data.layers[index].width;
        for (let place = 0; place < list.length; place += 2) {
          const within = list[place] % plane, row = Math.floor(within / data.layers[index].width);
          units.push(`channel ${Math.floor(list[place] / plane)}, row ${row}, column ${within % data.layers[index].width} `
            + `(${signed(list[place + 1] / 1000 * layer.limit)})`);
        }
        group.querySelector(".units").textContent = units.join("; ") || "none";
      });
    }

    function showCell(place) {
      showTrace(place);
      part(place, "said").textContent = sentence(place);
      showFrame(place);
      showBars(place);
      showMaps(place);
      stale.delete(place);
    }

    // MARK: Time

    const slider = byId("slider"), select = byId("stimulus"), clock = byId("clock");

    function address() {
      const name = encodeURIComponent(data.stimuli[state.stimulus].name);
      return `#cell-${data.cells[state.cell].index}/${name}/${frameNumber(state.frame)}`;
    }

    function show(keepsAddress) {
      slider.max = count() - 1;
      slider.value = state.frame;
      slider.setAttribute("aria-valuetext", timeText(state.frame));
      select.value = state.stimulus;
      clock.textContent = timeText(state.frame);
      sections.forEach((_, place) => stale.add(place));
      for (const place of seen) showCell(place);
      if (!keepsAddress) history.replaceState(null, "", address());
    }

    function move(frame) {
      state.frame = Math.min(Math.max(frame, 0), count() - 1);
      show();
    }

    function choose(stimulus) {
      state.stimulus = stimulus;
      state.frame = data.cells[state.cell].responses[stimulus].peak;
      show();
    }

    /// Takes the marked time from the address, `#cell-N/STIMULUS/FRAME`; says whether there was one.
    function follow() {
      const [, index, name, frame] = /^#cell-(\d+)(?:\/([^/]*)\/(\d+))?$/.exec(location.hash) || [];
      const place = data.cells.findIndex(cell => String(cell.index) === index);
      if (place < 0) return false;
      state.cell = place;
      if (name !== undefined) {
        let wanted;
        try { wanted = decodeURIComponent(name); } catch { return false; }
        const stimulus = data.stimuli.findIndex(other => other.name === wanted);
        if (stimulus < 0) return false;
        state.stimulus = stimulus;
        state.frame = Math.min(Math.max(Number(frame) - data.firstFrame, 0), count() - 1);
      }
      return true;
    }

    slider.addEventListener("input", () => move(Number(slider.value)));
    select.addEventListener("change", () => choose(Number(select.value)));
    for (const [id, step] of [["back", -1], ["forth", 1]]) byId(id).addEventListener("click", () => move(state.frame + step));
    byId("peak").addEventListener("click", () => choose(state.stimulus));
    document.addEventListener("keydown", event => {
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.target.closest("input,select,textarea,.wide:focus")) return;
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (!step) return;
      event.preventDefault();
      move(state.frame + step * (event.shiftKey ? 10 : 1));
    });
    sections.forEach((section, place) => {
      const slot = part(place, "trace");
      const touch = event => {
        const svg = slot.querySelector("svg"), panel = slot.querySelector("[data-left]").dataset;
        const left = Number(panel.left), right = Number(panel.right);
        const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()).x;
        state.cell = place;
        move(Math.floor((x - left) / (right - left) * count()));
      };
      slot.addEventListener("pointerdown", event => { if (event.button === 0) touch(event); });
      slot.addEventListener("pointermove", event => { if (event.buttons === 1) touch(event); });
    });
    window.addEventListener("hashchange", () => { if (follow()) arrive(); });
    window.addEventListener("beforeprint", () => sections.forEach((_, place) => showCell(place)));
    const watcher = new IntersectionObserver(entries => {
      for (const entry of entries) {
        const place = sections.indexOf(entry.target);
        if (entry.isIntersecting) seen.add(place); else seen.delete(place);
        if (entry.isIntersecting && stale.has(place)) showCell(place);
      }
    }, {rootMargin: "200px"});

    function arrive() {
      show(true);
      if (location.hash.includes("/")) sections[state.cell].scrollIntoView();
    }

    // MARK: Files to take away

    const quoted = value => {
      const text = value === null ? "" : String(value);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const lines = rows => rows.map(row => row.map(quoted).join(",")).join("\r\n") + "\r\n";
    const number = value => Number.isFinite(value) ? Number(exact(value)) : null;

    function cellFile(place, kind) {
      const cell = data.cells[place];
      if (kind === "json") {
        return JSON.stringify({model: data.model, cell: cell.index, name: cell.name, unit: data.rateUnit,
          method: "conductance", baseline: "zero", stimuli: cell.responses.map((response, stimulus) => ({
            name: data.stimuli[stimulus].name, first_frame: data.firstFrame, frame_rate: data.frameRate,
            rate: Array.from(floats(response.rates), number), rate_at_baseline: response.baseline,
            observed: response.observed && Array.from(floats(response.observed), number),
            contributions: Object.fromEntries(response.layers.map((layer, index) => {
              const channels = data.layers[index].channels, sums = floats(layer.sums), rows = [];
              for (let first = 0; first < sums.length; first += channels) {
                rows.push(Array.from(sums.subarray(first, first + channels), number));
              }
              return [data.layers[index].name, rows];
            }))}))});
      }
      const rows = [["stimulus", "frame", "time_s", "rate", "observed", ...data.layers.flatMap(layer =>
        Array.from({length: layer.channels}, (_, channel) => `${layer.name} ${channel}`))]];
      cell.responses.forEach((response, stimulus) => floats(response.rates).forEach((rate, frame) => {
        const observed = response.observed ? floats(response.observed)[frame] : NaN;
        rows.push([data.stimuli[stimulus].name, frameNumber(frame),
          data.frameRate ? frameNumber(frame) / data.frameRate : null, exact(rate), number(observed),
          ...response.layers.flatMap((layer, index) => {
            const channels = data.layers[index].channels;
            return Array.from(floats(layer.sums).subarray(frame * channels, (frame + 1) * channels), exact);
          })]);
      }));
      return lines(rows);
    }

    function tableFile(name, kind) {
      const table = data.tables.find(other => other.name === name);
      if (kind === "csv") return lines([table.columns, ...table.rows]);
      return JSON.stringify(table.rows.map(row => Object.fromEntries(table.columns.map((column, place) =>
        [column, row[place]]))));
    }

    for (const button of document.querySelectorAll("button[data-file]")) {
      button.addEventListener("click", () => {
        const {file, kind} = button.dataset, place = data.cells.findIndex(cell => `cell-${cell.index}` === file);
        const text = place < 0 ? tableFile(file, kind) : cellFile(place, kind);
        const link = made("a");
        link.href = URL.createObjectURL(new Blob([text], {type: kind === "csv" ? "text/csv" : "application/json"}));
        link.download = `${file}.${kind}`;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10000);
      });
    }

    // MARK: Light and dark

    const theme = byId("theme"), root = document.documentElement;
    theme.addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme:dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
    });

    state.frame = data.cells[0].responses[0].peak;
    const asked = follow();
    show(true);
    sections.forEach(section => watcher.observe(section));
    if (asked) arrive();
    })();
    """#
}
