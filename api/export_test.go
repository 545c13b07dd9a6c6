package api

// Routes returns the methods and paths of an API, for tests.
func (a *API) Routes() [][2]string {
	var list [][2]string
	for _, r := range a.routes() {
		list = append(list, [2]string{r.method, r.path})
	}
	return list
}
