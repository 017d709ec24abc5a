package embedded

import "iter"

// partMost is how many records are read at a time.
const partMost = 500

// listed reads a list part by part, as the loop asks for more.
func listed[ID ~int64, T, V any](b *Broker, part func(after ID) ([]T, error), id func(T) ID, published func(T) V) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		var after ID
		for {
			all, err := part(after)
			if err != nil {
				var none V
				yield(none, b.publicError(err))
				return
			}
			for _, one := range all {
				if !yield(published(one), nil) {
					return
				}
				after = id(one)
			}
			if len(all) < partMost {
				return
			}
		}
	}
}
