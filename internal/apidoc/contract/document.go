package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/deskauth/deskauth/internal/apidoc"
)

// Contract is a description that exchanges can be held against. It is safe for
// concurrent use.
type Contract struct {
	root  map[string]any
	paths *http.ServeMux // finds a template by a path, as the server does

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by their places
}

// Operation is one method of one path.
type Operation struct {
	ID     string
	Method string // GET
	Path   string // as http.ServeMux has patterns: "/api/v2/users/{id}"
	Scopes []string
	Roles  []string
	// Extension tells that Zendesk does not have it.
	Extension bool

	node  map[string]any
	place string
	path  map[string]any
}

// Issuer is the contract of what an issuer serves.
var Issuer = sync.OnceValue(func() *Contract {
	c, err := New(apidoc.Document())
	if err != nil {
		panic(err) // TestDescription says it better
	}
	return c
})

// Control is the contract of a demo's controls.
var Control = sync.OnceValue(func() *Contract {
	c, err := New(apidoc.Control())
	if err != nil {
		panic(err) // TestDescription says it better
	}
	return c
})

// resource is what the document is called within the schemas' compiler.
const resource = "https://deskauth.invalid/openapi.json"

// New reads a description in YAML.
func New(document []byte) (*Contract, error) {
	text, err := yaml.YAMLToJSON(document)
	if err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	c := &Contract{paths: http.NewServeMux(), compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	var ok bool
	if c.root, ok = root.(map[string]any); !ok {
		return nil, fmt.Errorf("the description is no object")
	}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(resource, root); err != nil {
		return nil, err
	}
	for template := range object(c.root["paths"]) {
		c.paths.Handle(patternOf(template), http.NotFoundHandler())
	}
	return c, nil
}

// patternOf is a path template as http.ServeMux has patterns: what ends in a slash
// means itself alone.
func patternOf(template string) string {
	if strings.HasSuffix(template, "/") {
		return template + "{$}"
	}
	return template
}

// Operations are all there are, by path and method.
func (c *Contract) Operations() []Operation {
	var all []Operation
	for template, node := range object(c.root["paths"]) {
		for method := range object(node) {
			if o, ok := c.operation(template, method); ok {
				all = append(all, o)
			}
		}
	}
	slices.SortFunc(all, func(a, b Operation) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return all
}

func (c *Contract) operation(template, method string) (Operation, bool) {
	path := object(object(c.root["paths"])[template])
	node, found := path[method].(map[string]any)
	if !found || method == "parameters" {
		return Operation{}, false
	}
	o := Operation{
		ID: text(node["operationId"]), Method: strings.ToUpper(method), Path: patternOf(template),
		Roles: texts(node["x-deskauth-roles"]), Extension: node["x-deskauth-extension"] == true,
		node: node, path: path, place: "#/paths/" + escape(template) + "/" + method,
	}
	for _, one := range array(node["security"]) {
		for _, scheme := range []string{"oauth2", "chat"} {
			o.Scopes = append(o.Scopes, texts(object(one)[scheme])...)
		}
	}
	return o, true
}

// Find returns the operation that a request is for. known tells that its path is
// in the description, if with other methods.
func (c *Contract) Find(method string, address *url.URL) (o Operation, known bool) {
	at := &url.URL{Path: address.Path, RawPath: address.RawPath}
	if path, found := strings.CutSuffix(at.Path, ".json"); found && strings.HasPrefix(path, "/api/v2/") {
		at = &url.URL{Path: path}
	}
	_, pattern := c.paths.Handler(&http.Request{Method: http.MethodGet, URL: at})
	if pattern == "" {
		return Operation{}, false
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	o, _ = c.operation(strings.TrimSuffix(pattern, "{$}"), strings.ToLower(method))
	return o, true
}

// resolve follows a reference to a part of the document; place is where it leads.
func (c *Contract) resolve(node any, place string) (map[string]any, string) {
	for {
		o := object(node)
		ref, isRef := o["$ref"].(string)
		if !isRef {
			return o, place
		}
		node, place = any(c.root), ref
		for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			node = object(node)[name]
		}
	}
}

// schema compiles the schema at a place of the document, once.
func (c *Contract) schema(place string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, found := c.schemas[place]; found {
		return s, nil
	}
	s, err := c.compiler.Compile(resource + (&url.URL{Fragment: strings.TrimPrefix(place, "#")}).String())
	if err != nil {
		return nil, fmt.Errorf("the schema at %s: %w", place, err)
	}
	c.schemas[place] = s
	return s, nil
}

// validate holds a JSON text against the schema at a place.
func (c *Contract) validate(place string, body []byte) error {
	if !json.Valid(body) { // the other reader takes what follows the value
		return fmt.Errorf("is not JSON")
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return c.validateValue(place, v)
}

func (c *Contract) validateValue(place string, v any) error {
	s, err := c.schema(place)
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// escape is a name in a JSON pointer (RFC 6901).
func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

func array(v any) []any {
	a, _ := v.([]any)
	return a
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func texts(v any) (all []string) {
	for _, one := range array(v) {
		all = append(all, text(one))
	}
	return all
}

// Enum is what a schema of the document can be, where it says so.
func (c *Contract) Enum(schema string) []string {
	return texts(object(object(object(c.root["components"])["schemas"])[schema])["enum"])
}
