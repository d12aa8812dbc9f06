package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plinth/internal/offline"
	"plinth/internal/offline/simulation"
	"plinth/internal/target"
	"plinth/internal/workspace"
)

// simDir is the folder of the simulated cloud of a stack: what is in it, the embedded cluster that plays the one there,
// and the state.
func (s *session) simDir() string { return filepath.Dir(s.stack.Dir()) }

// simCluster is the folder of that cluster.
func (s *session) simCluster() string { return filepath.Join(s.simDir(), "cluster") }

// reachSimulated starts the embedded cluster that plays the one in the simulated cloud. A preview before there is one
// needs none, as it would not at the real cloud.
func (s *session) reachSimulated(ctx context.Context) error {
	s.printer.Printf("cloud: %s is simulated, in %s: nothing is created there for real, pods are simulated too, and "+
		"nothing is proven about how long things take or how the application behaves",
		s.cloud, s.project.Relative(s.simDir()))
	s.cluster = &target.Cluster{Kind: target.Simulated}
	world, err := s.world()
	if err != nil {
		return err
	}
	has := holdsCluster(world)
	if !has && s.name != "up" {
		return nil
	}
	if has {
		if _, err := os.Stat(s.simCluster()); err != nil {
			return &workspace.Refusal{
				Reason: fmt.Sprintf("the cluster of the simulated cloud in %s has been removed", s.project.Relative(s.simDir())),
				Next:   fmt.Sprintf("remove that folder, which forgets the simulated stack; then plinth up %s", s.which()),
			}
		}
	}
	return s.startCluster(ctx, s.simCluster())
}

// world opens the simulated cloud.
func (s *session) world() (*simulation.World, error) {
	world, err := simulation.Open(s.simDir())
	if err != nil {
		return nil, fmt.Errorf("opening the simulated cloud in %s: %w", s.simDir(), err)
	}
	return world, nil
}

// holdsCluster says whether there is a cluster in a simulated cloud.
func holdsCluster(world *simulation.World) bool {
	return slices.ContainsFunc(world.Contents(), func(e simulation.Entry) bool {
		return e.Left == "" && (e.Type == "aws:eks/cluster:Cluster" || e.Type == "gcp:container/cluster:Cluster")
	})
}

// simulateCloud serves the simulated cloud in place of its plugin, and puts programs in front of PATH that answer as
// those that get credentials for a cluster there. It returns nothing where the cloud is real.
func (s *session) simulateCloud(ctx context.Context) (debugProviders string, err error) {
	if !s.flags.simulate {
		return "", nil
	}
	var cluster simulation.Kubernetes
	if s.cluster.Kubeconfig != "" {
		if cluster, err = simulation.FromKubeconfig(s.cluster.Kubeconfig); err != nil {
			return "", err
		}
	}
	debugProviders, stop, err := offline.Simulate(context.WithoutCancel(ctx), string(s.cloud), s.simDir(), cluster)
	if err != nil {
		return "", fmt.Errorf("simulating %s: %w", s.cloud, err)
	}
	s.closers = append(s.closers, stop)
	// The stand-in of the Kubernetes plugin runs in this process, an installed one below the Pulumi CLI.
	path, before := offline.Shims(s.simDir()), os.Getenv("PATH")
	s.env["PATH"] = path + string(filepath.ListSeparator) + before
	if err := os.Setenv("PATH", s.env["PATH"]); err != nil {
		return "", fmt.Errorf("preparing the simulated cloud: %w", err)
	}
	s.closers = append(s.closers, func() { _ = os.Setenv("PATH", before) })
	return debugProviders, nil
}

// stopSimulated removes the embedded cluster when the one that it played is gone, and the rest when nothing is left.
func (s *session) stopSimulated(ctx context.Context) error {
	world, err := s.world()
	if err != nil || holdsCluster(world) {
		return err
	}
	if _, err := os.Stat(s.simCluster()); err == nil {
		if err := offline.Stop(context.WithoutCancel(ctx), s.simCluster()); err != nil {
			return err
		}
		s.verbosely("the embedded cluster is stopped and removed")
	}
	if known, err := s.known(); err != nil || known || len(world.Contents()) > 0 {
		return err
	}
	return os.RemoveAll(s.simDir())
}

// leftInSimulation says what is left in the simulated cloud, which is an error where it is not what the stack meant to
// keep.
func (s *session) leftInSimulation(r rest) error {
	world, err := s.world()
	if err != nil {
		return err
	}
	var kept, stays, forgotten []string
	for _, e := range world.Contents() {
		line := "  " + e.Type + " " + e.ID
		if e.Name != "" && e.Name != e.ID {
			line += " (" + e.Name + ")"
		}
		switch {
		case r.named[[2]string{e.Type, e.ID}] || r.volumes && isVolume(e):
			kept = append(kept, line)
		case e.Left != "": // The cloud keeps it, whatever one asks for.
			stays = append(stays, line+": "+e.Left)
		default:
			forgotten = append(forgotten, line)
		}
	}
	if len(kept) > 0 {
		s.printer.Printf("kept in the cloud on purpose (plinth:cluster.retain, databases.retain):\n%s",
			strings.Join(kept, "\n"))
	}
	if len(stays) > 0 {
		s.printer.Printf("what a cloud keeps in any case:\n%s", strings.Join(stays, "\n"))
	}
	if len(forgotten) > 0 {
		return fmt.Errorf("left behind in the simulated cloud, and nobody asked for it:\n%s", strings.Join(forgotten, "\n"))
	}
	if len(kept) == 0 {
		s.printer.Printf("nothing else is left in the simulated cloud")
	}
	if len(kept)+len(stays) == 0 {
		// Nothing is worth keeping of it. This comes last, when nobody uses the folder any more.
		s.closers = append([]func(){func() { _ = os.RemoveAll(s.simDir()) }}, s.closers...)
	}
	return nil
}

// isVolume says whether something in a cloud is a volume that the cluster made for a claim.
func isVolume(e simulation.Entry) bool {
	kind := strings.ToLower(e.Type)
	return e.Maker != "" && (strings.Contains(kind, "volume") || strings.Contains(kind, "disk"))
}
