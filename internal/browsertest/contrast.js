// The texts that stand out too little from what is behind them, one a line.
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const known = new Map();
  const faint = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const e = node.parentElement;
    if (!node.data.trim() || !e.checkVisibility() || e.tagName === "SCRIPT") continue;
    const style = getComputedStyle(e);
    const key = [e.tagName, e.className.baseVal ?? e.className, style.color, style.fill, e.closest("#filter, .notice") !== null].join(" ");
    if (known.has(key)) continue;
    const [a, b] = [luminance(rgba(e.ownerSVGElement ? style.fill : style.color)), luminance(behind(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    known.set(key, ratio);
    if (ratio < 4.5) faint.add(`${ratio.toFixed(2)} ${key}: ${node.data.trim().slice(0, 40)}`);
  }
  return known.size > 10 ? [...faint].join("\n") : "no texts were found";
})()
