package seal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/deskauth/deskauth/internal/secret"
)

// Source is where a ring is kept. Whoever has one can read it again when a value is
// sealed with a key that was added since.
type Source interface {
	// Load reads the ring. Where there is none yet it makes one, if the source can
	// keep it. Errors are one line that names the source, and nothing secret.
	Load(ctx context.Context) (*Ring, error)
	// Replace puts the next ring in the place of the one that was read. ErrChanged:
	// it is not the one that is there. ErrFixed: this source cannot be written.
	Replace(ctx context.Context, old, next *Ring) error
	// String names the source to people.
	String() string
}

// ErrFixed says that the keys cannot be changed where they are kept.
var ErrFixed = errors.New("these keys are not deskauth's to write")

// ErrChanged says that the keys were changed by another in the meantime.
var ErrChanged = errors.New("the keys were changed in the meantime: try again")

// fixed is a source that is read alone.
type fixed struct {
	name string
	read func() (secret.Plain, error)
}

// Variable is the ring in a text, such as a variable of the environment has. It stays
// what it is until the process ends.
func Variable(name string, keys secret.Plain) Source {
	return fixed{name, func() (secret.Plain, error) { return keys, nil }}
}

// Mounted is the ring in a file that others write, such as an orchestrator. Its mode
// is theirs too.
func Mounted(path string) Source {
	return fixed{path, func() (secret.Plain, error) { return secret.FromFile(path) }}
}

func (f fixed) Load(context.Context) (*Ring, error) {
	keys, err := f.read()
	if err != nil {
		return nil, fmt.Errorf("sealing keys: %w", err)
	}
	return decode(f.name, []byte(keys.Reveal()))
}

func (f fixed) Replace(context.Context, *Ring, *Ring) error {
	return fmt.Errorf("sealing keys %s: %w", f.name, ErrFixed)
}

func (f fixed) String() string { return f.name }

// same tells whether two rings have the same keys, and the same primary one. No two
// keys of a ring have one id, and ids are random.
func (r *Ring) same(s *Ring) bool { return r.primary == s.primary && slices.Equal(r.ids, s.ids) }
