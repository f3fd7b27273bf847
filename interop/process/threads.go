//go:build unix

package process

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// threads says where the threads of a process wait, for who looks why it does not answer: "node ep_poll, 4 node futex_wait_queue". It is
// empty where there is no /proc of Linux.
func threads(pid int) string {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	counts := map[string]int{}
	var order []string
	for _, task := range tasks {
		name, _ := os.ReadFile(filepath.Join(task, "comm"))
		at, _ := os.ReadFile(filepath.Join(task, "wchan"))
		where := strings.TrimSpace(string(at))
		if where == "0" || where == "" {
			where = "running"
		}
		where = strings.TrimSpace(string(name)) + " " + where
		if counts[where]++; counts[where] == 1 {
			order = append(order, where)
		}
	}
	slices.SortStableFunc(order, func(a, b string) int { return counts[a] - counts[b] })
	for i, where := range order {
		if n := counts[where]; n > 1 {
			order[i] = fmt.Sprintf("%d %s", n, where)
		}
	}
	return strings.Join(order, ", ")
}
