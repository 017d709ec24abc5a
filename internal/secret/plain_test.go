package secret

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// sample is long and odd enough that finding it anywhere is no coincidence.
const sample = "5ecre7-p4ssage-0f-n0-return"

type exported struct{ P Plain }

type hidden struct{ p Plain }

type carrier struct{ p Plain }

func (c *carrier) Error() string { return fmt.Sprintf("refused %v", c.p) }

// holders are the ways a secret can lie inside something that is printed.
func holders(p Plain) map[string]any {
	return map[string]any{
		"value":             p,
		"pointer":           &p,
		"pointer pointer":   ptr(&p),
		"struct":            exported{p},
		"struct pointer":    &exported{p},
		"hidden field":      hidden{p},
		"hidden pointer":    &hidden{p},
		"slice":             []Plain{p},
		"slice of hidden":   []hidden{{p}},
		"array":             [1]Plain{p},
		"map":               map[string]Plain{"k": p},
		"map of hidden":     map[string]hidden{"k": {p}},
		"interface in map":  map[string]any{"k": []any{p}},
		"error":             &carrier{p},
		"wrapped error":     fmt.Errorf("outer: %w", &carrier{p}),
		"joined errors":     errors.Join(&carrier{p}, fmt.Errorf("and %s", p)),
		"nested in structs": struct{ In struct{ in hidden } }{struct{ in hidden }{hidden{p}}},
	}
}

func ptr[T any](v T) *T { return &v }

func TestNoPrintingPathShowsThePlain(t *testing.T) {
	for name, v := range holders(Of(sample)) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T", "%50v", "%z"} {
			checkClean(t, name+" "+verb, fmt.Sprintf(verb, v))
		}
		checkClean(t, name+" Sprint", fmt.Sprint(v)+fmt.Sprintln(v))

		if out, err := json.Marshal(v); err == nil {
			checkClean(t, name+" json", string(out))
		}
		if out, err := xml.Marshal(v); err == nil {
			checkClean(t, name+" xml", string(out))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "k", v, slog.Group("g", "k", v))
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "k", v, slog.Group("g", "k", v))
		checkClean(t, name+" slog", log.String())
	}
}

func checkClean(t *testing.T, path, out string) {
	t.Helper()
	low := strings.ToLower(out)
	// What a leak through %x or %v of bytes would look like, too.
	for _, form := range []string{sample, fmt.Sprintf("%x", sample), fmt.Sprint([]byte(sample))} {
		if strings.Contains(low, strings.Trim(form, "[]")) {
			t.Errorf("%s shows the secret: %s", path, out)
		}
	}
}

func TestMaskIsWhatIsShown(t *testing.T) {
	for name, p := range map[string]Plain{"set": Of(sample), "zero": {}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if got := fmt.Sprintf(verb, p); got != "[secret]" {
				t.Errorf("%s: %s prints %q", name, verb, got)
			}
		}
		got, err := json.Marshal(map[string]any{"a": p, "b": &p})
		if want := `{"a":"[secret]","b":"[secret]"}`; err != nil || string(got) != want {
			t.Errorf("%s: json = %s, %v; want %s", name, got, err, want)
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "k", p)
		if !strings.Contains(log.String(), `"k":"[secret]"`) {
			t.Errorf("%s: slog = %s", name, log.String())
		}
	}
}

func TestGobRefuses(t *testing.T) {
	var out bytes.Buffer
	if err := gob.NewEncoder(&out).Encode(exported{Of(sample)}); err == nil {
		t.Error("gob stored a plain secret")
	}
	checkClean(t, "gob", out.String())
}

func TestJSONDoesNotReadBackTheMask(t *testing.T) {
	var e exported
	if err := json.Unmarshal([]byte(`{"P":"[secret]"}`), &e); err == nil {
		t.Error("a mask was read as if it were a secret")
	}
}

func TestEqual(t *testing.T) {
	for _, tt := range []struct {
		a, b Plain
		want bool
	}{
		{Of("a"), Of("a"), true},
		{Of("a"), Of("b"), false},
		{Of("a"), Of("aa"), false},
		{Of("a"), Plain{}, false},
		{Of(""), Plain{}, true},
	} {
		if got := tt.a.Equal(tt.b); got != tt.want {
			t.Errorf("Of(%q).Equal(Of(%q)) = %t", tt.a.Reveal(), tt.b.Reveal(), got)
		}
	}
}

func TestZero(t *testing.T) {
	if p := Of(""); !p.IsZero() || p.Reveal() != "" || p.Hint(3) != "" {
		t.Errorf("the empty secret is not the zero one: %q", p.Reveal())
	}
	if Of("x").IsZero() {
		t.Error("a secret is taken for none")
	}
}

func TestHint(t *testing.T) {
	for _, tt := range []struct {
		s    string
		n    int
		want string
	}{
		{"0123456789", 4, "0123"},
		{"0123", 4, "0123"},
		{"012", 4, "012"},
		{"0123", 0, ""},
		{"0123", -1, ""},
		{"éèê", 2, "éè"}, // characters, not bytes
	} {
		if got := Of(tt.s).Hint(tt.n); got != tt.want {
			t.Errorf("Of(%q).Hint(%d) = %q, want %q", tt.s, tt.n, got, tt.want)
		}
	}
}

func TestDigest(t *testing.T) {
	// FIPS 180-2, appendix B.1.
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	d := Of("abc").Digest()
	if got := fmt.Sprintf("%x", d.Bytes()); got != want {
		t.Errorf("digest = %s, want %s", got, want)
	}
	if !d.Equal(Of("abc").Digest()) || d.Equal(Of("abd").Digest()) {
		t.Error("digests compare wrongly")
	}
	d.Bytes()[0]++
	if !d.Equal(Of("abc").Digest()) {
		t.Error("Bytes shares the digest's memory")
	}
	for _, verb := range []string{"%v", "%x", "%#v", "%s", "%d"} {
		if got := fmt.Sprintf(verb, d); got != "[digest]" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	if out, err := json.Marshal(d); err != nil || string(out) != `"[digest]"` {
		t.Errorf("json = %s, %v", out, err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "k", d)
	if !strings.Contains(log.String(), "k=[digest]") {
		t.Errorf("slog = %s", log.String())
	}
}
