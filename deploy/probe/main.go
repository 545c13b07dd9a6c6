// Command probe asks an address whether it is well, for the health checks of containers: Homeroom's image holds no shell and no
// curl. It exits with 0 if the answer is 200, else with 1 and the answer's first kilobyte.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: probe http://127.0.0.1:9090/readyz")
		os.Exit(2)
	}
	client := http.Client{Timeout: 4 * time.Second}
	answer, err := client.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // what can be read of it
		fmt.Fprintf(os.Stderr, "%s\n%s\n", answer.Status, body)
		os.Exit(1)
	}
}
