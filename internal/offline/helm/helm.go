package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/action"
	helmrelease "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"
)

// helm does things to the releases of one namespace.
type helm struct {
	config *action.Configuration
	client kubernetes.Interface
}

// connect reaches the cluster. done removes what that left on disk.
func connect(r *request) (h *helm, done func(), err error) {
	dir, err := os.MkdirTemp("", "plinth-helm-")
	if err != nil {
		return nil, nil, err
	}
	done = func() { _ = os.RemoveAll(dir) }
	path := filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(path, []byte(r.Kubeconfig), 0o600); err != nil {
		done()
		return nil, nil, err
	}
	flags := genericclioptions.NewConfigFlags(true)
	flags.KubeConfig, flags.Namespace = &path, &r.Release.Namespace
	h = &helm{config: &action.Configuration{}}
	// Helm keeps a release in Secrets of its namespace, as the plugin has it do.
	say := func(format string, arguments ...any) { fmt.Fprintf(os.Stderr, format+"\n", arguments...) }
	if err = h.config.Init(flags, r.Release.Namespace, "secret", say); err == nil {
		h.client, err = h.config.KubernetesClientSet()
	}
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("reaching the cluster: %w", err)
	}
	return h, done, nil
}

// install brings a release to be as it is asked for, and waits until everything in it is ready. What fails on a release
// that says atomic is taken back, after a look at why.
func (h *helm) install(ctx context.Context, r *release) (*answer, error) {
	chart, err := load(ctx, r)
	if err != nil {
		return nil, err
	}
	before, err := h.last(r.Name)
	if err != nil {
		return nil, err
	}
	timeout := time.Duration(r.Timeout) * time.Second
	if timeout == 0 {
		timeout = 5 * time.Minute // Helm's own.
	}
	if before != nil && before.Info.Status.IsPending() {
		// Somebody was interrupted: nothing else ever ends such a state.
		if err := h.forget(before); err != nil {
			return nil, err
		}
		if before, err = h.last(r.Name); err != nil {
			return nil, err
		}
	}
	var made *helmrelease.Release
	if before == nil {
		install := action.NewInstall(h.config)
		install.ReleaseName, install.Namespace, install.Timeout = r.Name, r.Namespace, timeout
		install.Wait, install.WaitForJobs, install.SkipCRDs = !r.SkipAwait, r.WaitForJobs, r.SkipCrds
		made, err = install.RunWithContext(ctx, chart, r.Values)
	} else {
		upgrade := action.NewUpgrade(h.config)
		upgrade.Namespace, upgrade.Timeout, upgrade.MaxHistory = r.Namespace, timeout, r.MaxHistory
		upgrade.Wait, upgrade.WaitForJobs, upgrade.SkipCRDs = !r.SkipAwait, r.WaitForJobs, r.SkipCrds
		upgrade.CleanupOnFail, upgrade.ResetValues = r.CleanupOnFail, true
		made, err = upgrade.RunWithContext(ctx, r.Name, chart, r.Values)
	}
	if err == nil {
		return describe(made), nil
	}
	err = errors.Join(fmt.Errorf("release %s: %w", r.Name, err), h.unready(r.Namespace))
	a := &answer{Left: true}
	if r.Atomic {
		if undone := h.undo(r, before, timeout); undone != nil {
			err = errors.Join(err, fmt.Errorf("taking it back: %w", undone))
		} else {
			a.Left = before != nil
		}
	}
	return a, err
}

// undo takes a failed change back: the release is as it was, or away.
func (h *helm) undo(r *release, before *helmrelease.Release, timeout time.Duration) error {
	if before == nil {
		remove := action.NewUninstall(h.config)
		remove.IgnoreNotFound, remove.Wait, remove.Timeout = true, true, timeout
		_, err := remove.Run(r.Name)
		return err
	}
	back := action.NewRollback(h.config)
	back.Version, back.Wait, back.Timeout = before.Version, true, timeout
	return back.Run(r.Name)
}

// uninstall takes a release out: its hooks run, and it waits until everything is gone.
func (h *helm) uninstall(r *release) (*answer, error) {
	remove := action.NewUninstall(h.config)
	remove.IgnoreNotFound, remove.Wait, remove.DeletionPropagation = true, true, "foreground"
	remove.Timeout = max(time.Duration(r.Timeout)*time.Second, time.Minute)
	if _, err := remove.Run(r.Name); err != nil {
		return &answer{Left: true}, errors.Join(fmt.Errorf("release %s: %w", r.Name, err), h.unready(r.Namespace))
	}
	return &answer{}, nil
}

func (h *helm) read(r *release) (*answer, error) {
	found, err := h.last(r.Name)
	if err != nil || found == nil {
		return &answer{}, err
	}
	return describe(found), nil
}

// last is the newest revision of a release; nil where there is none.
func (h *helm) last(name string) (*helmrelease.Release, error) {
	found, err := h.config.Releases.Last(name)
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for release %s: %w", name, err)
	}
	return found, nil
}

// forget drops the record of a revision that was never finished. Its objects are taken over by the next one.
func (h *helm) forget(r *helmrelease.Release) error {
	if _, err := h.config.Releases.Delete(r.Name, r.Version); err != nil {
		return fmt.Errorf("release %s was interrupted: dropping revision %d: %w", r.Name, r.Version, err)
	}
	return nil
}

// describe says what a release is.
func describe(r *helmrelease.Release) *answer {
	a := &answer{
		Found: true, Status: string(r.Info.Status), Revision: r.Version,
		Version: r.Chart.Metadata.Version, AppVersion: r.Chart.Metadata.AppVersion, Resources: map[string][]string{},
	}
	for _, text := range releaseutil.SplitManifests(r.Manifest) {
		var object unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil || object.GetKind() == "" {
			continue
		}
		kind := object.GetKind() + "/" + object.GetAPIVersion()
		name := object.GetName()
		if object.GetNamespace() != "" {
			name = object.GetNamespace() + "/" + name
		}
		a.Resources[kind] = append(a.Resources[kind], name)
	}
	for _, names := range a.Resources {
		slices.SortFunc(names, strings.Compare)
	}
	return a
}
