package brokerhttp

// APIRoutes is every method and path that programs are served, as http.ServeMux has
// patterns.
func APIRoutes() []string {
	all := []string{"GET " + descriptionPath}
	for _, r := range apiServed {
		all = append(all, r.method+" "+r.path)
	}
	for _, r := range openServed {
		all = append(all, r.method+" "+r.path)
	}
	for method := range proxyMethods {
		all = append(all, method+" "+proxyPattern+"api/v2/{path}")
	}
	return all
}
