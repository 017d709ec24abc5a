package issuer

import "strings"

// listStep is how many things a search looks at in one go.
const listStep = 200

// sift lists the part that r asks for of what is kept of a list; part reads the
// list itself. It looks at the things one by one: no two databases agree on what
// is upper and lower case beyond ASCII, and an account has as many clients and
// people as somebody made by hand.
func sift[T any](r Range, part func(Range) (Page[T], error), id func(T) int64, keep func(T) bool) (found Page[T], err error) {
	backwards := r.Before != 0
	for step := (Range{After: r.After, Before: r.Before, Descending: r.Descending, Limit: listStep}); ; {
		page, err := part(step)
		if err != nil {
			return found, err
		}
		var here []T
		for _, v := range page.Items {
			if keep(v) {
				here = append(here, v)
			}
		}
		if backwards {
			found.Items = append(here, found.Items...)
		} else {
			found.Items = append(found.Items, here...)
		}
		if extra := len(found.Items) - r.Limit; extra > 0 {
			found.More = true
			if backwards {
				found.Items = found.Items[extra:]
			} else {
				found.Items = found.Items[:r.Limit]
			}
			return found, nil
		}
		if !page.More {
			return found, nil
		}
		if backwards {
			step.Before = id(page.Items[0])
		} else {
			step.After = id(page.Items[len(page.Items)-1])
		}
	}
}

// mention tells whether one of the texts has want, which is in lower case, in it.
func mention(want string, texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(strings.ToLower(text), want) {
			return true
		}
	}
	return false
}
