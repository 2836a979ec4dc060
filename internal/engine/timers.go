package engine

import (
	"container/heap"
	"time"
)

// timer is something to be done at a time.
type timer struct {
	at     time.Duration
	serial int
	fire   func()
}

// timers is a heap, the earliest first; those of one time in the order in which
// they were set.
type timers struct {
	heap   timerHeap
	serial int
}

func (t *timers) set(at time.Duration, fire func()) {
	t.serial++
	heap.Push(&t.heap, timer{at, t.serial, fire})
}

func (t *timers) first() (at time.Duration, ok bool) {
	if len(t.heap) == 0 {
		return 0, false
	}
	return t.heap[0].at, true
}

func (t *timers) due(now time.Duration) (fire func(), ok bool) {
	if len(t.heap) == 0 || t.heap[0].at > now {
		return nil, false
	}
	return heap.Pop(&t.heap).(timer).fire, true
}

type timerHeap []timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].serial < h[j].serial
}
func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *timerHeap) Push(x any)   { *h = append(*h, x.(timer)) }
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = timer{}
	*h = old[:len(old)-1]
	return t
}

func (e *Engine) runTimers() {
	for {
		fire, ok := e.timers.due(e.now.Elapsed)
		if !ok {
			return
		}
		fire()
	}
}
