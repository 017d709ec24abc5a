package contract

import (
	"maps"
	"slices"
	"strconv"
)

// Inputs is what an operation takes, for tests that send it what it should not.
type Inputs struct {
	Query []string // parameters
	// Body tells of what type it is; "" when there is none.
	Body string
	// Record is the member of the body that holds the rest; "" when nothing does.
	Record  string
	Members []string // of the record, or of the body
}

// Inputs of an operation, in alphabetical order.
func (c *Contract) Inputs(o Operation) (in Inputs) {
	for n, node := range array(o.node["parameters"]) {
		p, _ := c.resolve(node, o.place+"/parameters/"+strconv.Itoa(n))
		if p["in"] == "query" {
			in.Query = append(in.Query, text(p["name"]))
		}
	}
	slices.Sort(in.Query)
	content := object(object(o.node["requestBody"])["content"])
	if len(content) == 0 {
		return in
	}
	in.Body = slices.Min(slices.Collect(maps.Keys(content))) // JSON goes before forms
	members := c.properties(object(content[in.Body])["schema"])
	if len(members) == 1 {
		for name, node := range members {
			if inner := c.properties(node); len(inner) > 0 {
				in.Record, members = name, inner
			}
		}
	}
	in.Members = slices.Sorted(maps.Keys(members))
	return in
}

// properties are those of a schema, and of the one that it builds on.
func (c *Contract) properties(node any) map[string]any {
	all := map[string]any{}
	if _, isRef := object(node)["$ref"]; isRef {
		base, _ := c.resolve(node, "")
		maps.Copy(all, c.properties(base))
	}
	maps.Copy(all, object(object(node)["properties"]))
	return all
}
