package brokerhttp

// APIRoutes is every method and path that programs are served, as http.ServeMux has
// patterns.
func APIRoutes() []string {
	all := []string{"GET " + descriptionPath, "PUT " + passFilesPath + "{name}"}
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

// BoardPage is a method and path of the signed-in pages, and who they are for.
type BoardPage struct {
	Method, Path string
	Everybody    bool
}

// BoardPages is every one of them.
func BoardPages() (all []BoardPage) {
	for _, r := range boardRoutes {
		for method := range r.methods {
			all = append(all, BoardPage{method, r.path, r.who == everybody})
		}
	}
	return all
}
