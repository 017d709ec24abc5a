package desk

import "slices"

// Range is the part of a list that a reader asks for, by number: rows are
// numbered in the order in which they were made.
type Range struct {
	After, Before int64 // of this number, in the order of the list; zero: from its beginning
	Descending    bool  // the newest first
	Offset        int   // how many to pass over
	Limit         int   // at least 1
	Count         bool  // whether Page.Total is wanted: counting costs
}

// Page is the part of a list that there is, in the order asked for.
type Page[T any] struct {
	Items []T
	More  bool // whether there are more beyond it, in the direction of the reader
	Total int  // of the whole list, where Range.Count asked
}

// PageOf is the part that r asks for of a list that is there as a whole, in the
// order of its numbers.
func PageOf[T any](all []T, id func(T) int64, r Range) Page[T] {
	page := Page[T]{Total: len(all)}
	items := slices.Clone(all)
	if r.Descending {
		slices.Reverse(items)
	}
	beyond := func(v T, of int64) bool { return (id(v) > of) != r.Descending && id(v) != of }
	if r.After != 0 {
		items = slices.DeleteFunc(items, func(v T) bool { return !beyond(v, r.After) })
	}
	if r.Before != 0 {
		items = slices.DeleteFunc(items, func(v T) bool { return beyond(v, r.Before) || id(v) == r.Before })
	}
	items = items[min(r.Offset, len(items)):]
	if page.More = len(items) > r.Limit; page.More && r.Before != 0 {
		items = items[len(items)-r.Limit:] // read backwards from there
	} else if page.More {
		items = items[:r.Limit]
	}
	page.Items = items
	return page
}
