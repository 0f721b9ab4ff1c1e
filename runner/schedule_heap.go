package runner

// heapOf is a heap.Interface. A queue keeps its place in one.
type heapOf[T any] struct {
	all  []T
	less func(a, b T) bool
}

func (h *heapOf[T]) Len() int           { return len(h.all) }
func (h *heapOf[T]) Less(i, j int) bool { return h.less(h.all[i], h.all[j]) }

func (h *heapOf[T]) Swap(i, j int) {
	h.all[i], h.all[j] = h.all[j], h.all[i]
	setAt(h.all[i], i)
	setAt(h.all[j], j)
}

// Push implements heap.Interface.
func (h *heapOf[T]) Push(x any) {
	one, _ := x.(T)
	setAt(one, len(h.all))
	h.all = append(h.all, one)
}

// Pop implements heap.Interface.
func (h *heapOf[T]) Pop() any {
	last := len(h.all) - 1
	one := h.all[last]
	var none T
	h.all[last] = none // what is done is not kept
	h.all = h.all[:last]
	return one
}

func setAt(one any, at int) {
	if q, is := one.(*queue); is {
		q.at = at
	}
}
