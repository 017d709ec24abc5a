// Package apidoc is the description of the issuer's API in OpenAPI 3.1, and
// serves it.
//
//	openapi/*.yaml ─► one document ─► GET /openapi.yaml
//	                        │
//	                        └─► contract: every exchange of the tests is held against it
//
// It is written by hand. That it has every route and no other, with its scopes
// and roles, a test of package issuerhttp sees to.
package apidoc
