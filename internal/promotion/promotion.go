package promotion

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// Promotion is one promotion to carry out.
type Promotion struct {
	// Client reaches the cluster.
	Client kubernetes.Interface
	// Server is the database's engine.
	Server Server
	// Say tells what is being done.
	Say func(format string, args ...any)
	// Namespace and Database say which database.
	Namespace, Database string
	// To is the pod of the replica to promote. Empty: the one that has received most.
	To string
	// Timeout is how long each step may take.
	Timeout time.Duration
	// Pause is the time between two looks at what is waited for.
	Pause time.Duration

	record record
}

// Result is how a promotion went.
type Result struct {
	// Replica is the pod that was promoted.
	Replica string
	// Away is how long there was no primary, as far as this run has seen.
	Away time.Duration
	// Kept is the volume of the old primary where that may hold what no replica has, else empty, and KeptBy the claim that
	// it has got: the one of the primary of a database DATABASE-old. It is empty where there is such a claim already.
	Kept, KeptBy string
}

// Run promotes a replica, or takes up a promotion that was interrupted.
func (p *Promotion) Run(ctx context.Context) (*Result, error) {
	resumed, err := p.load(ctx)
	if err != nil {
		return nil, err
	}
	if resumed {
		p.Say("the promotion of database %s that was interrupted goes on", p.Database)
	}
	if resumed && p.To != "" && p.record.To != "" && p.To != p.record.To {
		return nil, fmt.Errorf("a promotion of %s was interrupted and has to be finished first: run again without --to, "+
			"then promote %s", p.record.To, p.To)
	}
	replicas, err := p.replicas(ctx)
	if err != nil {
		return nil, err
	}
	if !resumed {
		if err := p.prepare(ctx, replicas); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	for _, step := range []func(context.Context, []string) error{
		p.stop, p.choose, p.fence, p.promote, p.release, p.hand, p.start,
	} {
		if err := step(ctx, replicas); err != nil {
			return nil, err
		}
	}
	result := &Result{Replica: p.record.To, Away: time.Since(start).Round(100 * time.Millisecond)}
	if err := p.tidy(ctx, result); err != nil {
		return nil, err
	}
	return result, p.forget(ctx)
}

// primary is the primary's pod.
func (p *Promotion) primary() string { return p.Database + "-0" }

// claim is the volume claim of a pod.
func claim(pod string) string { return "data-" + pod }

// replicas are the pods that there ought to be.
func (p *Promotion) replicas(ctx context.Context) ([]string, error) {
	set, err := p.Client.AppsV1().StatefulSets(p.Namespace).Get(ctx, p.Database+"-replica", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("database %s has no replica that could be promoted", p.Database)
	}
	if err != nil {
		return nil, fmt.Errorf("finding the replicas of database %s: %w", p.Database, err)
	}
	var pods []string
	for i := range int(*set.Spec.Replicas) {
		pods = append(pods, fmt.Sprintf("%s-%d", set.Name, i))
	}
	if p.To == "" {
		return pods, nil
	}
	for _, pod := range pods {
		if pod == p.To {
			return pods, nil
		}
	}
	return nil, fmt.Errorf("database %s has no replica %s: want %s", p.Database, p.To, strings.Join(pods, ", "))
}

// prepare finds out, while nothing has been touched, that there is something to promote.
func (p *Promotion) prepare(ctx context.Context, replicas []string) error {
	_, err := p.Client.AppsV1().StatefulSets(p.Namespace).Get(ctx, p.Database, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("finding the primary of database %s: %w", p.Database, err)
	}
	if _, err := p.positions(ctx, replicas); err != nil {
		return err
	}
	count, err := p.Server.Following(ctx, p.primary())
	p.record.Clean = err == nil && count == len(replicas)
	if err != nil {
		p.Say("the primary does not answer: what it has acknowledged and no replica has received is lost, " +
			"unless commits wait for a quorum")
	}
	return p.save(ctx)
}

// stop ends the primary, and waits until its pod is gone: a pod that the API server still has may still run.
func (p *Promotion) stop(ctx context.Context, replicas []string) error {
	if p.record.Promoted {
		return nil
	}
	p.Say("stopping the primary, %s", p.primary())
	pods, where := p.Client.CoreV1().Pods(p.Namespace), ""
	_, err := pods.Get(ctx, p.primary(), metav1.GetOptions{})
	if err := ignoreNotFound(err); err != nil {
		return fmt.Errorf("stopping the primary: %w", err)
	}
	// One that is gone already was drained before.
	if p.record.Clean && err == nil {
		if err := p.Server.Drain(ctx, p.primary(), replicas); err != nil {
			p.Say("its volume will be kept, for it may hold what no replica has received: %v", err)
			p.record.Clean = false
			if err := p.save(ctx); err != nil {
				return err
			}
		}
	}
	// Its volume must outlive that. A set that was made by an earlier version deletes the claim of a pod it scales away.
	if err := p.scale(ctx, 0); err != nil {
		return err
	}
	err = p.await(ctx, func() (bool, error) {
		pod, err := pods.Get(ctx, p.primary(), metav1.GetOptions{})
		if err == nil {
			where = pod.Spec.NodeName
		}
		return apierrors.IsNotFound(err), ignoreNotFound(err)
	})
	if err != nil {
		return fmt.Errorf("stopping the primary: pod %s is still there, on node %s: %w. Where that node does not answer, "+
			"nobody but you can know that it is off: when it is, `kubectl delete node %s` says so. Then run this again",
			p.primary(), where, err, where)
	}
	return nil
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// scale sets the number of primaries.
func (p *Promotion) scale(ctx context.Context, replicas int) error {
	patch := fmt.Sprintf(`{"spec":{"replicas":%d,"persistentVolumeClaimRetentionPolicy":{"whenScaled":%q}}}`,
		replicas, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	_, err := p.Client.AppsV1().StatefulSets(p.Namespace).Patch(ctx, p.Database, types.StrategicMergePatchType,
		[]byte(patch), metav1.PatchOptions{FieldManager: manager})
	if err != nil {
		return fmt.Errorf("scaling stateful set %s to %d: %w", p.Database, replicas, err)
	}
	return nil
}

// choose picks the replica: the one that has received most.
func (p *Promotion) choose(ctx context.Context, replicas []string) error {
	if p.record.To != "" {
		return nil
	}
	positions, err := p.positions(ctx, replicas)
	if err != nil {
		return err
	}
	most := replicas[0]
	for _, pod := range replicas {
		if positions[pod] > positions[most] {
			most = pod
		}
	}
	switch {
	case p.To == "":
		p.record.To = most
	case positions[p.To] < positions[most]:
		return fmt.Errorf("replica %s has received %s less than %s: promoted, it would lose them. Run this again "+
			"with --to %s, or without", p.To, p.Server.Amount(positions[most]-positions[p.To]), most, most)
	default:
		p.record.To = p.To
	}
	return p.save(ctx)
}

// fence takes the old primary's volume from its claim, so that nothing starts on it any more.
func (p *Promotion) fence(ctx context.Context, _ []string) error {
	claims := p.Client.CoreV1().PersistentVolumeClaims(p.Namespace)
	if p.record.Claim == nil {
		old, err := claims.Get(ctx, claim(p.primary()), metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("finding the primary's volume claim: %w", err)
		}
		if old.Spec.VolumeName != "" {
			if p.record.Old, err = p.volume(ctx, old.Spec.VolumeName); err != nil {
				return err
			}
		}
		p.record.Claim = &corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{
				Name: old.Name, Namespace: old.Namespace, Labels: old.Labels, UID: old.UID,
			},
			Spec: corev1.PersistentVolumeClaimSpec{
				AccessModes: old.Spec.AccessModes, Resources: old.Spec.Resources,
				StorageClassName: old.Spec.StorageClassName, VolumeMode: old.Spec.VolumeMode,
			},
		}
		if err := p.save(ctx); err != nil {
			return err
		}
	}
	if p.record.Promoted {
		return nil
	}
	if p.record.Old != nil {
		if err := p.reclaim(ctx, p.record.Old.Name, corev1.PersistentVolumeReclaimRetain); err != nil {
			return err
		}
	}
	return p.drop(ctx, p.record.Claim.Name, p.record.Claim.UID)
}

// drop deletes the claim of that name and UID, and waits until it is gone.
func (p *Promotion) drop(ctx context.Context, name string, uid types.UID) error {
	claims := p.Client.CoreV1().PersistentVolumeClaims(p.Namespace)
	err := claims.Delete(ctx, name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("deleting volume claim %s: %w", name, err)
	}
	return p.goneClaim(ctx, name, uid)
}

func (p *Promotion) goneClaim(ctx context.Context, name string, uid types.UID) error {
	err := p.await(ctx, func() (bool, error) {
		found, err := p.Client.CoreV1().PersistentVolumeClaims(p.Namespace).Get(ctx, name, metav1.GetOptions{})
		return apierrors.IsNotFound(err) || err == nil && found.UID != uid, ignoreNotFound(err)
	})
	if err != nil {
		return fmt.Errorf("waiting for volume claim %s to go: %w", name, err)
	}
	return nil
}

// promote makes the replica a primary where it is, while nobody can reach it yet.
func (p *Promotion) promote(ctx context.Context, replicas []string) error {
	if p.record.Promoted {
		return nil
	}
	p.Say("promoting %s", p.record.To)
	others := slices.DeleteFunc(slices.Clone(replicas), func(pod string) bool { return pod == p.record.To })
	if err := p.Server.Promote(ctx, p.record.To, others); err != nil {
		return fmt.Errorf("promoting %s: %w", p.record.To, err)
	}
	p.record.Promoted = true
	return p.save(ctx)
}

// release takes the promoted volume from the replica's claim. The replica's pod is made anew by its set, with another
// volume, and waits for the primary to clone it.
func (p *Promotion) release(ctx context.Context, _ []string) error {
	name := claim(p.record.To)
	if p.record.New == nil {
		found, err := p.Client.CoreV1().PersistentVolumeClaims(p.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("finding the volume claim of %s: %w", p.record.To, err)
		}
		if p.record.New, err = p.volume(ctx, found.Spec.VolumeName); err != nil {
			return err
		}
		p.record.ReplicaClaim = string(found.UID)
		if err := p.save(ctx); err != nil {
			return err
		}
	}
	if err := p.reclaim(ctx, p.record.New.Name, corev1.PersistentVolumeReclaimRetain); err != nil {
		return err
	}
	uid := types.UID(p.record.ReplicaClaim)
	claims := p.Client.CoreV1().PersistentVolumeClaims(p.Namespace)
	found, err := claims.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && found.UID != uid {
		return nil
	}
	if err != nil {
		return fmt.Errorf("finding the volume claim of %s: %w", p.record.To, err)
	}
	p.Say("handing the volume of %s to %s", p.record.To, p.primary())
	err = claims.Delete(ctx, name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting volume claim %s: %w", name, err)
	}
	// The claim goes once no pod uses it any more.
	err = p.Client.CoreV1().Pods(p.Namespace).Delete(ctx, p.record.To, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("stopping %s: %w", p.record.To, err)
	}
	return p.goneClaim(ctx, name, uid)
}

// hand makes the primary's claim anew, on the promoted volume.
func (p *Promotion) hand(ctx context.Context, _ []string) error {
	claims := p.Client.CoreV1().PersistentVolumeClaims(p.Namespace)
	found, err := claims.Get(ctx, p.record.Claim.Name, metav1.GetOptions{})
	if err == nil && found.Spec.VolumeName == p.record.New.Name && found.Status.Phase == corev1.ClaimBound {
		return nil
	}
	if err == nil && found.Spec.VolumeName != p.record.New.Name {
		return fmt.Errorf("volume claim %s was made anew by somebody else, on volume %q: delete it while its pod does not "+
			"run (`kubectl scale statefulset %s --replicas 0`), and run this again", found.Name, found.Spec.VolumeName,
			p.Database)
	}
	if err := ignoreNotFound(err); err != nil {
		return fmt.Errorf("finding the primary's volume claim: %w", err)
	}
	made := p.record.Claim.DeepCopy()
	made.UID = ""
	return p.bind(ctx, made, p.record.New.Name)
}

// bind makes a claim, or takes the one that there is, on a volume that is nobody's.
func (p *Promotion) bind(ctx context.Context, claim *corev1.PersistentVolumeClaim, volume string) error {
	claims := p.Client.CoreV1().PersistentVolumeClaims(p.Namespace)
	patch := fmt.Sprintf(`{"spec":{"claimRef":{"apiVersion":"v1","kind":"PersistentVolumeClaim","namespace":%q,"name":%q,`+
		`"uid":null,"resourceVersion":null}}}`, p.Namespace, claim.Name)
	_, err := p.Client.CoreV1().PersistentVolumes().Patch(ctx, volume, types.MergePatchType, []byte(patch),
		metav1.PatchOptions{FieldManager: manager})
	if err != nil {
		return fmt.Errorf("reserving volume %s for claim %s: %w", volume, claim.Name, err)
	}
	claim.Spec.VolumeName = volume
	_, err = claims.Create(ctx, claim, metav1.CreateOptions{FieldManager: manager})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making volume claim %s: %w", claim.Name, err)
	}
	err = p.await(ctx, func() (bool, error) {
		found, err := claims.Get(ctx, claim.Name, metav1.GetOptions{})
		return err == nil && found.Status.Phase == corev1.ClaimBound, ignoreNotFound(err)
	})
	if err != nil {
		return fmt.Errorf("binding volume claim %s to volume %s: %w", claim.Name, volume, err)
	}
	return nil
}

// start lets the primary's pod run again, on the promoted volume.
func (p *Promotion) start(ctx context.Context, _ []string) error {
	p.Say("starting %s as the new primary", p.primary())
	if err := p.scale(ctx, 1); err != nil {
		return err
	}
	err := p.await(ctx, func() (bool, error) {
		pod, err := p.Client.CoreV1().Pods(p.Namespace).Get(ctx, p.primary(), metav1.GetOptions{})
		if err != nil || !ready(pod) {
			return false, ignoreNotFound(err)
		}
		primary, err := p.Server.Primary(ctx, p.primary())
		return err == nil && primary, nil
	})
	if err != nil {
		return fmt.Errorf("starting the new primary: %w", err)
	}
	return nil
}

func ready(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// tidy gives the volumes their policies back. That of an old primary which may hold what nobody else has is kept.
func (p *Promotion) tidy(ctx context.Context, result *Result) error {
	if err := p.reclaim(ctx, p.record.New.Name, p.record.New.Policy); err != nil {
		return err
	}
	if p.record.Old == nil {
		return nil
	}
	if !p.record.Clean {
		kept, err := p.keep(ctx)
		result.Kept, result.KeptBy = p.record.Old.Name, kept
		if err != nil || kept == "" {
			return err
		}
	}
	return p.reclaim(ctx, p.record.Old.Name, p.record.Old.Policy)
}

// keep gives the old primary's volume a claim by which a database of its own can start on it. It returns no name where
// there is such a claim already, on another volume: that of an earlier promotion.
func (p *Promotion) keep(ctx context.Context) (string, error) {
	name := claim(p.Database + "-old-0")
	found, err := p.Client.CoreV1().PersistentVolumeClaims(p.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err := ignoreNotFound(err); err != nil {
		return "", fmt.Errorf("looking for volume claim %s: %w", name, err)
	}
	if err == nil && found.Spec.VolumeName != p.record.Old.Name {
		return "", nil
	}
	made := p.record.Claim.DeepCopy()
	made.Name, made.UID, made.Labels = name, "", nil
	return name, p.bind(ctx, made, p.record.Old.Name)
}

// volume reads what a volume's policy is, before it is changed.
func (p *Promotion) volume(ctx context.Context, name string) (*volume, error) {
	found, err := p.Client.CoreV1().PersistentVolumes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("finding volume %s: %w", name, err)
	}
	return &volume{Name: name, Policy: found.Spec.PersistentVolumeReclaimPolicy}, nil
}

// reclaim says what becomes of a volume without its claim.
func (p *Promotion) reclaim(ctx context.Context, name string, policy corev1.PersistentVolumeReclaimPolicy) error {
	patch := fmt.Sprintf(`{"spec":{"persistentVolumeReclaimPolicy":%q}}`, policy)
	_, err := p.Client.CoreV1().PersistentVolumes().Patch(ctx, name, types.MergePatchType, []byte(patch),
		metav1.PatchOptions{FieldManager: manager})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("setting the reclaim policy of volume %s: %w", name, err)
	}
	return nil
}

// positions asks every replica how much it has received.
func (p *Promotion) positions(ctx context.Context, replicas []string) (map[string]int64, error) {
	positions := map[string]int64{}
	for _, pod := range replicas {
		position, err := p.Server.Position(ctx, pod)
		if err != nil && p.To == "" {
			return nil, fmt.Errorf("replica %s does not answer, and may have received what no other has: wait for it, or "+
				"name the one to promote with --to: %w", pod, err)
		}
		if err != nil && pod == p.To {
			return nil, fmt.Errorf("replica %s does not answer: %w", pod, err)
		}
		positions[pod] = position
	}
	return positions, nil
}

// await looks until something is so.
func (p *Promotion) await(ctx context.Context, is func() (bool, error)) error {
	deadline := time.Now().Add(p.Timeout)
	for {
		done, err := is()
		if done && err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			if err != nil {
				return fmt.Errorf("not done after %s: %w", p.Timeout, err)
			}
			return fmt.Errorf("not done after %s", p.Timeout)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(p.Pause):
		}
	}
}
