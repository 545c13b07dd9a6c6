package catalog

import "homeroom/internal/spelling"

// Nearest returns the known event that a mistyped name most likely means, or "". Case, spaces and the choice of
// separator don't count: "Lesson Completed" is near lesson.completed.
func (c *Catalog) Nearest(name string) string { return spelling.Nearest(name, c.names) }

// maxFolded is the longest name that is compared without its case and separators, in bytes; it bounds what a hostile name
// costs.
const maxFolded = 64
