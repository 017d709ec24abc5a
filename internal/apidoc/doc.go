// Package apidoc is the description of the issuer's API in OpenAPI 3.1, and another
// of a demo's controls, and serves them.
//
//	openapi/*.yaml ─► one document ─► GET /openapi.yaml of every account
//	control/*.yaml ─► one document ─► GET /openapi.yaml of the controls
//	                        │
//	                        └─► contract: every exchange of the tests is held against it
//
// Both are written by hand. That they have every route and no other, with its scopes
// and roles, tests of packages issuerhttp and control see to.
package apidoc
