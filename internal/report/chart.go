package report

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// chart is a plot over time as HTML. It contains only numbers and texts of this
// package, so that nothing needs to be escaped.
type chart struct {
	Title string
	// Wide, Medium and Narrow are the same picture for a large and a small
	// screen and for a phone: text in SVG shrinks with its picture.
	Wide, Medium, Narrow template.HTML
}

// layer is one series of values. Layers are stacked.
type layer struct {
	class string
	value func(Sample) int
	steps bool // the value applies to the whole span before a sample
}

// The pictures, in units that are pixels at their natural size.
const (
	wide   = 960
	medium = 640
	narrow = 360
)

// plot is the content of a chart.
type plot struct {
	title  string
	unit   string // of the y axis
	text   string // describes the plot in words
	height int
	layers []layer
}

// drawCharts returns charts of the same samples, to be shown one below the
// other with aligned axes of time.
func drawCharts(samples []Sample, plots ...plot) []chart {
	left := 0
	for _, p := range plots {
		left = max(left, 12+7*len(count(newPicture(p, samples, wide, 0).top)))
	}
	charts := make([]chart, len(plots))
	for i, p := range plots {
		charts[i] = chart{
			Title:  p.title,
			Wide:   newPicture(p, samples, wide, left).draw(),
			Medium: newPicture(p, samples, medium, left).draw(),
			Narrow: newPicture(p, samples, narrow, left).draw(),
		}
	}
	return charts
}

// picture is a chart of a certain size.
type picture struct {
	plot
	b          strings.Builder
	all        []Sample
	samples    []Sample // thinned to the width
	width      int      // of all
	left, w, h int      // position and size of the plot
	end        time.Duration
	top, step  int // of the y axis
}

// The room around the plot, for labels.
const (
	above = 22
	below = 38
	right = 18
)

func newPicture(pl plot, samples []Sample, width, left int) *picture {
	p := &picture{
		plot: pl, all: samples, samples: thin(samples, width/2),
		width: width, left: left, w: width - left - right, h: pl.height,
	}
	p.end = max(samples[len(samples)-1].At, time.Millisecond)
	most := 1
	for _, s := range samples {
		most = max(most, p.sum(s, len(p.layers)))
	}
	p.step = step(most, max(2, p.h/26))
	p.top = (most + p.step - 1) / p.step * p.step
	return p
}

// sum is the height of the first n layers.
func (p *picture) sum(s Sample, n int) (sum int) {
	for _, l := range p.layers[:n] {
		sum += l.value(s)
	}
	return sum
}

func (p *picture) x(at time.Duration) string {
	return coordinate(float64(p.left) + float64(p.w)*float64(at)/float64(p.end))
}

func (p *picture) y(v int) string {
	return coordinate(above + float64(p.h)*(1-float64(v)/float64(p.top)))
}

func coordinate(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

func (p *picture) draw() template.HTML {
	fmt.Fprintf(&p.b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, p.width, above+p.h+below, p.text)
	p.bands()
	p.grid()
	for i, l := range p.layers {
		p.area(i, l)
	}
	p.axis()
	p.b.WriteString("</svg>")
	return template.HTML(p.b.String())
}

// bands mark the times when the service asked to wait. The wait begins with the
// span of a sample.
func (p *picture) bands() {
	for i := 1; i < len(p.all); i++ {
		from := p.all[i-1].At
		to := from + p.all[i].Closed
		for i+1 < len(p.all) && p.all[i].At <= to && p.all[i+1].Closed > 0 {
			i++
			to = p.all[i-1].At + p.all[i].Closed
		}
		if to > from {
			fmt.Fprintf(&p.b, `<rect class="band" x="%s" y="%d" width="%s" height="%d"/>`, p.x(from), above,
				coordinate(max(1, float64(p.w)*float64(to-from)/float64(p.end))), p.h)
		}
	}
}

// grid draws the y axis.
func (p *picture) grid() {
	fmt.Fprintf(&p.b, `<text class="unit" x="%d" y="12">%s</text>`, p.left, p.unit)
	for v := 0; v <= p.top; v += p.step {
		class := "grid"
		if v == 0 {
			class = "base"
		}
		fmt.Fprintf(&p.b, `<line class="%s" x1="%d" y1="%s" x2="%d" y2="%s"/>`, class, p.left, p.y(v), p.width-right, p.y(v))
		fmt.Fprintf(&p.b, `<text class="tick y" x="%d" y="%s" dy="4">%s</text>`, p.left-6, p.y(v), count(v))
	}
}

// axis draws the x axis.
func (p *picture) axis() {
	step := timeStep(p.end, max(2, p.w/60))
	c := newClock(p.end, step)
	bottom := above + p.h
	for at := time.Duration(0); at <= p.end; at += step {
		fmt.Fprintf(&p.b, `<line class="base" x1="%s" y1="%d" x2="%s" y2="%d"/>`, p.x(at), bottom, p.x(at), bottom+4)
		fmt.Fprintf(&p.b, `<text class="tick x" x="%s" y="%d">%s</text>`, p.x(at), bottom+17, c.write(at))
	}
	fmt.Fprintf(&p.b, `<text class="unit end" x="%d" y="%d">time since the start, %s</text>`,
		p.width-right, bottom+33, c.unit)
}

// area draws layer i on top of those before it. A layer that is empty all the
// time is not drawn.
func (p *picture) area(i int, l layer) {
	var up, down []string
	empty := true
	for k, s := range p.samples {
		empty = empty && l.value(s) == 0
		x, top := p.x(s.At), p.y(p.sum(s, i+1))
		if l.steps && k > 0 {
			up = append(up, p.x(p.samples[k-1].At)+" "+top)
		}
		up = append(up, x+" "+top)
		if i > 0 {
			down = append(down, x+" "+p.y(p.sum(s, i)))
		}
	}
	if empty {
		return
	}
	if i == 0 {
		down = []string{p.x(p.samples[0].At) + " " + p.y(0), p.x(p.end) + " " + p.y(0)}
	}
	for a, z := 0, len(down)-1; a < z; a, z = a+1, z-1 {
		down[a], down[z] = down[z], down[a]
	}
	kind := l.class
	if l.steps {
		kind += " steps"
	}
	fmt.Fprintf(&p.b, `<path class="area %s" d="M%s L%s Z"/>`, kind, strings.Join(up, " "), strings.Join(down, " "))
	fmt.Fprintf(&p.b, `<path class="line %s" d="M%s"/>`, kind, strings.Join(up, " "))
}
