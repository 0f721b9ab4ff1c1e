package tds

// Catalogue are the names of all views, as a query writes them behind a database.
func Catalogue() []string {
	var names []string
	for _, v := range catalogue() {
		names = append(names, v.name)
	}
	return names
}
