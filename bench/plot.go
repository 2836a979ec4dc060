package main

import (
	"fmt"
	"math"
	"strings"
)

// plot is a line chart with logarithmic axes. It draws its own SVG, because a
// chart library would add more dependencies than the rest of the module has.
type plot struct {
	title, x, y string
	lines       []line
}

// line is a series of points.
type line struct {
	name   string
	points [][2]float64
}

// Size and margins of the chart in pixels.
const (
	plotWidth, plotHeight                  = 720, 400
	plotLeft, plotRight, plotTop, plotFoot = 70, 190, 40, 50
)

// colors are distinguishable with color blindness (Okabe and Ito).
var colors = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"}

// svg draws the plot.
func (p plot) svg() string {
	var b strings.Builder
	x0, x1 := p.span(0)
	y0, y1 := p.span(1)
	atX := func(v float64) float64 {
		return plotLeft + (math.Log10(v)-x0)/(x1-x0)*(plotWidth-plotLeft-plotRight)
	}
	atY := func(v float64) float64 {
		return plotHeight - plotFoot - (math.Log10(v)-y0)/(y1-y0)*(plotHeight-plotTop-plotFoot)
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img" aria-label="%s">`+"\n",
		plotWidth, plotHeight, p.title)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<text x="%d" y="22" font-size="14" font-weight="bold">%s</text>`+"\n", plotLeft, p.title)
	for e := x0; e <= x1; e++ {
		v := math.Pow(10, e)
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%[1]f" y1="%d" y2="%d" stroke="#ddd"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			atX(v), plotTop, plotHeight-plotFoot, atX(v), plotHeight-plotFoot+18, number(v))
	}
	for e := y0; e <= y1; e++ {
		v := math.Pow(10, e)
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%[3]f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			plotLeft, plotWidth-plotRight, atY(v), plotLeft-8, atY(v)+4, number(v))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (plotLeft+plotWidth-plotRight)/2, plotHeight-12, p.x)
	fmt.Fprintf(&b, `<text transform="translate(18 %d) rotate(-90)" text-anchor="middle">%s</text>`+"\n", (plotTop+plotHeight-plotFoot)/2, p.y)
	for i, l := range p.lines {
		color := colors[i%len(colors)]
		var path []string
		for _, pt := range l.points {
			path = append(path, fmt.Sprintf("%.1f,%.1f", atX(pt[0]), atY(pt[1])))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, atX(pt[0]), atY(pt[1]), color)
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.Join(path, " "), color)
		y := plotTop + 12 + 20*i
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="12" height="12" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n",
			plotWidth-plotRight+14, y-10, color, plotWidth-plotRight+32, y, l.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// span returns the range of an axis, as exponents of ten.
func (p plot) span(axis int) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, l := range p.lines {
		for _, pt := range l.points {
			low, high = min(low, math.Floor(math.Log10(pt[axis]))), max(high, math.Ceil(math.Log10(pt[axis])))
		}
	}
	if low == high {
		high++
	}
	return low, high
}

// number formats a power of ten.
func number(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%g million", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%g,000", v/1e3)
	}
	return fmt.Sprintf("%g", v)
}
