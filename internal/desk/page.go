package desk

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
