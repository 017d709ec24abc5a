package seal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/keyset"
)

// Bounds of a program that keeps the keys.
const (
	programTime   = 30 * time.Second // a person may have to touch a hardware key
	programStderr = 4 << 10          // of what it says, the end is kept
	programWord   = 40               // a longer word may be a key, and is not repeated
	programTail   = 2 * time.Second  // for its own children, which hold its pipes
)

// program is the Source of an outside program, which is run for each question:
//
//	{"version":1,"want":"keyring"}               ─►  {"keyring":{…}}, or {"keyring":null}: there is none yet
//	{"version":1,"want":"store","keyring":{…}}   ─►  {"stored":true}
//
// One JSON object goes to its standard input, and one comes from its standard output.
// It may answer {"error":"…"} to both, and ends with 0 if it could answer at all.
type program struct {
	command []string
	say     func(line string)
}

// Program is the ring that a program keeps, which is run without a shell: its path or
// name, and its arguments. What it says on standard error goes to say, line by line,
// without long words; nil: nowhere.
func Program(command []string, say func(line string)) Source {
	if say == nil {
		say = func(string) {}
	}
	return program{command, say}
}

func (p program) String() string { return "the program " + p.name() }

func (p program) name() string { return filepath.Base(p.command[0]) }

type question struct {
	Version int             `json:"version"`
	Want    string          `json:"want"`
	Keyring json.RawMessage `json:"keyring,omitempty"`
}

type answer struct {
	Keyring json.RawMessage `json:"keyring"`
	Stored  bool            `json:"stored"`
	Error   string          `json:"error"`
}

func (p program) Load(ctx context.Context) (*Ring, error) {
	ring, err := p.load(ctx)
	if ring != nil || err != nil {
		return ring, err
	}
	// The first start. Another may be storing its own: what is there afterwards counts.
	if ring, err = withNewPrimary(keyset.NewManager()); err != nil {
		return nil, err
	}
	if err := p.store(ctx, ring); err != nil {
		return nil, err
	}
	if ring, err = p.load(ctx); ring == nil && err == nil {
		err = fmt.Errorf("sealing keys by %s: it has stored the keys and does not have them", p.name())
	}
	return ring, err
}

// load returns nil where there are no keys yet.
func (p program) load(ctx context.Context) (*Ring, error) {
	a, err := p.ask(ctx, question{Version: 1, Want: "keyring"})
	switch {
	case err != nil:
		return nil, err
	case len(a.Keyring) == 0:
		return nil, fmt.Errorf("sealing keys by %s: its answer has no keyring: null says that there are no keys yet", p.name())
	case string(a.Keyring) == "null":
		return nil, nil //nolint:nilnil // said so above
	}
	return decode("by "+p.name(), a.Keyring)
}

func (p program) Replace(ctx context.Context, old, next *Ring) error {
	now, err := p.load(ctx)
	if err != nil {
		return err
	}
	if now == nil || !now.same(old) {
		return fmt.Errorf("sealing keys by %s: %w", p.name(), ErrChanged)
	}
	return p.store(ctx, next)
}

func (p program) store(ctx context.Context, next *Ring) error {
	keys, err := next.Reveal()
	if err != nil {
		return err
	}
	a, err := p.ask(ctx, question{Version: 1, Want: "store", Keyring: json.RawMessage(keys.Reveal())})
	if err == nil && !a.Stored {
		err = fmt.Errorf("sealing keys by %s: it did not say that it has stored them: %w", p.name(), ErrFixed)
	}
	return err
}

// ask runs the program once. Its answer holds keys, and no error repeats it.
func (p program) ask(ctx context.Context, q question) (answer, error) {
	in, err := json.Marshal(q)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, programTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.command[0], p.command[1:]...) //nolint:gosec // whoever starts deskauth names it
	cmd.WaitDelay = programTail
	out, said := &bounded{most: maxFile}, &bounded{most: programStderr, last: true}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(append(in, '\n')), out, said
	err = cmd.Run()
	words := said.lines()
	for _, line := range words {
		p.say(line)
	}
	if err != nil {
		return answer{}, p.failed(ctx, err, words)
	}
	var a answer
	lines := json.NewDecoder(bytes.NewReader(out.kept))
	if lines.Decode(&a) != nil || out.over {
		return answer{}, fmt.Errorf("sealing keys by %s: its answer is not one JSON object on standard output", p.name())
	}
	if _, err := lines.Token(); !errors.Is(err, io.EOF) {
		return answer{}, fmt.Errorf("sealing keys by %s: it answers more than one JSON object", p.name())
	}
	if a.Error != "" {
		return answer{}, fmt.Errorf("sealing keys by %s: it says: %s", p.name(), harmless(a.Error))
	}
	return a, nil
}

func (p program) failed(ctx context.Context, err error, said []string) error {
	var name *exec.Error
	var path *fs.PathError
	switch {
	case errors.As(err, &name):
		return fmt.Errorf("sealing keys by %s: it cannot be run: %w: check the path", p.name(), name.Err)
	case errors.As(err, &path):
		return fmt.Errorf("sealing keys by %s: it cannot be run: %w: check the path", p.name(), path.Err)
	case ctx.Err() != nil:
		return fmt.Errorf("sealing keys by %s: no answer within %v", p.name(), programTime)
	case len(said) > 0:
		return fmt.Errorf("sealing keys by %s: %w: %s", p.name(), err, said[len(said)-1])
	}
	return fmt.Errorf("sealing keys by %s: %w", p.name(), err)
}

// bounded keeps the beginning of what is written, or the end, and never blocks who
// writes.
type bounded struct {
	most int
	last bool
	kept []byte
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	n := len(p)
	if !b.last {
		room := min(n, b.most-len(b.kept))
		b.over = b.over || room < n
		b.kept = append(b.kept, p[:room]...)
		return n, nil
	}
	b.kept = append(b.kept, p...)
	if over := len(b.kept) - b.most; over > 0 {
		b.kept = append(b.kept[:0], b.kept[over:]...)
	}
	return n, nil
}

func (b *bounded) lines() (all []string) {
	for line := range strings.Lines(string(b.kept)) {
		if line = harmless(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// harmless is one line of somebody else's words, without those that may be secret.
func harmless(line string) string {
	words := strings.FieldsFunc(line, func(r rune) bool { return r <= ' ' || r == 0x7f })
	for i, w := range words {
		if len(w) > programWord {
			words[i] = "[…]"
		}
	}
	return strings.ToValidUTF8(strings.Join(words, " "), "?")
}

// Words splits a command line as it is written in a flag: at spaces, but not within
// quotes, single or double. There is no shell, and nothing else has a meaning.
func Words(line string) ([]string, error) {
	var words []string
	word, open, quote := []rune{}, false, rune(0)
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word = append(word, r)
		case r == '"' || r == '\'':
			quote, open = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if open {
				words = append(words, string(word))
			}
			word, open = word[:0], false
		default:
			word, open = append(word, r), true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if open {
		words = append(words, string(word))
	}
	if len(words) == 0 || words[0] == "" {
		return nil, errors.New("it names no program")
	}
	return words, nil
}
