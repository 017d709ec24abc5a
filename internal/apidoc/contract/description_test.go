package contract

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/deskauth/deskauth/internal/apidoc"
)

// TestDescription has a reader that others wrote find the document valid, and
// compiles every schema in it.
func TestDescription(t *testing.T) {
	for name, document := range map[string][]byte{"issuer": apidoc.Document(), "control": apidoc.Control()} {
		t.Run(name, func(t *testing.T) { testDescription(t, document) })
	}
}

func testDescription(t *testing.T, document []byte) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	c, err := New(document)
	if err != nil {
		t.Fatal(err)
	}
	for name := range object(object(c.root["components"])["schemas"]) {
		if _, err := c.schema("#/components/schemas/" + name); err != nil {
			t.Error(err)
		}
	}
}
