package table

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Options are how to run a table.
type Options struct {
	Selection Selection
	// Parallel is how many cells run at the same time.
	Parallel int
	// CellTime is the time of a cell.
	CellTime time.Duration
	// Again is how many cells that fail get a second try, after which they count as that went: foreign programs have
	// timers of their own, which a machine that does other things can break. Result.AtFirst tells.
	Again int
	// Progress is called for each result, one call at a time; nil: nobody looks.
	Progress func(done, all int, r *Result)
}

// Run runs the selected cells of peers. Cancelling ends the cells that are running, and those that are not are
// left out.
func Run(ctx context.Context, peers []*Peer, o Options) (*Table, error) {
	dir, err := os.MkdirTemp("", "rtc-interop-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	table := &Table{Began: time.Now(), Host: fmt.Sprintf("%s/%s, %d processors, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())}
	if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		table.Library = "commit " + strings.TrimSpace(string(out))
	}
	queue := plan(peers, o.Selection)
	table.Results = make([]Result, len(queue))
	defer func() { table.Took = time.Since(table.Began) }()

	var mu sync.Mutex // guards done
	done := 0
	finish := func(i int, r Result) {
		mu.Lock()
		defer mu.Unlock()
		j := queue[i]
		r.Kind, r.Peer, r.Version, r.Role, r.Case = j.peer.Kind, j.peer.Name, j.peer.version, j.cell.Role, j.cell.Case
		table.Results[i] = r
		done++
		if o.Progress != nil {
			o.Progress(done, len(queue), &table.Results[i])
		}
	}
	again := make(chan struct{}, o.Again) // a token for each second try
	for range o.Again {
		again <- struct{}{}
	}
	slots, heavy := make(chan struct{}, max(o.Parallel, 1)), make(chan struct{}, runtime.NumCPU())
	var all sync.WaitGroup
	for _, lane := range lanes(queue) {
		all.Go(func() {
			for _, i := range lane {
				slots := slots
				if queue[i].cell.Heavy {
					slots = heavy
				}
				slots <- struct{}{}
				finish(i, queue[i].run(ctx, o, filepath.Join(dir, fmt.Sprint(i)), again))
				<-slots
			}
		})
	}
	all.Wait()
	return table, ctx.Err()
}

// A job is a cell that is to run.
type job struct {
	peer *prepared
	cell *Cell
}

// prepared is a peer that gets ready once and is closed after its last cell.
type prepared struct {
	*Peer
	once    sync.Once
	version string
	err     error
	mu      sync.Mutex
	left    int // cells that have not ended
}

// plan lists the selected cells.
func plan(peers []*Peer, s Selection) (queue []job) {
	s = s.among(peers)
	for _, p := range peers {
		one := &prepared{Peer: p}
		for i := range p.Cells {
			if c := &p.Cells[i]; s.Takes(p, c) {
				queue = append(queue, job{one, c})
				one.left++
			}
		}
	}
	return queue
}

// lanes are the indexes of what has to run one after the other. The long ones come first.
func lanes(queue []job) (all [][]int) {
	at := map[[2]string]int{}
	for i, j := range queue {
		if j.cell.Lane == "" {
			continue
		}
		key := [2]string{j.peer.Name, j.cell.Lane}
		if _, ok := at[key]; !ok {
			at[key] = len(all)
			all = append(all, nil)
		}
		all[at[key]] = append(all[at[key]], i)
	}
	for i, j := range queue {
		if j.cell.Lane == "" {
			all = append(all, []int{i})
		}
	}
	return all
}

func (j job) run(ctx context.Context, o Options, dir string, again <-chan struct{}) Result {
	defer j.peer.ended()
	if ctx.Err() != nil {
		return Result{Verdict: Failed, Why: "not run: " + ctx.Err().Error()}
	}
	j.peer.once.Do(func() { j.peer.version, j.peer.err = j.peer.Prepare(ctx) })
	if err := j.peer.err; err != nil {
		if _, ok := errors.AsType[*MissingError](err); ok {
			return Result{Verdict: Missing, Why: err.Error()}
		}
		return Result{Verdict: Failed, Why: firstLine(err.Error()), Log: []string{err.Error()}}
	}
	r := j.try(ctx, o, dir)
	for n := 0; n < 2 && r.byChance && ctx.Err() == nil; n++ {
		r = r.followedBy(j.try(ctx, o, fmt.Sprint(dir, "-chance-", n)))
	}
	if r.Verdict == Failed && ctx.Err() == nil {
		select {
		case <-again:
			return r.followedBy(j.try(ctx, o, dir+"-again"))
		default: // too many have failed for chance
		}
	}
	return r
}

// followedBy returns the second try of a cell, which counts.
func (r Result) followedBy(second Result) Result {
	second.AtFirst, second.Log = r.Why, append(r.Log, second.Log...)
	return second
}

func (j job) try(ctx context.Context, o Options, dir string) Result {
	cell, cancel := context.WithTimeout(ctx, o.CellTime)
	defer cancel()
	return run(cell, j.cell, dir)
}

func (p *prepared) ended() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left--; p.left == 0 && p.Close != nil {
		p.Close()
	}
}
