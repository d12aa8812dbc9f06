package config

// maxPods is the greatest number of pods that one app may have: far more than any app here needs, far less than a slip
// of the keyboard.
const maxPods = 1000

// replicas: a number that makes sense, and nobody else to decide it.
func (c *checker) replicas(path, _ string, a *App) {
	path = at(path, "replicas")
	if a.Replicas == nil {
		return
	}
	c.between(path, *a.Replicas, 0, maxPods)
	c.check(path, a.Autoscaling == nil, "must not be set together with autoscaling, which decides it, got %d",
		*a.Replicas)
}

// autoscaling: bounds that are one below the other, and a share of the CPU to aim at.
func (c *checker) autoscaling(path, _ string, a *App) {
	path = at(path, "autoscaling")
	if a.Autoscaling == nil || !c.sound(path) {
		return
	}
	lowest, highest := at(path, "min"), at(path, "max")
	if c.sound(lowest) {
		c.between(lowest, a.Autoscaling.Min, 1, maxPods)
	}
	c.between(highest, a.Autoscaling.Max, 1, maxPods)
	c.between(at(path, "cpu"), a.Autoscaling.CPU, 1, 100)
	if !c.sound(lowest) || !c.sound(highest) || a.Autoscaling.Min <= a.Autoscaling.Max {
		return
	}
	if c.absent[lowest] {
		c.add(highest, "must be at least autoscaling.min (%d on %s), got %d", a.Autoscaling.Min, c.Tier,
			a.Autoscaling.Max)
		return
	}
	c.add(lowest, "must be at most autoscaling.max (%d), got %d", a.Autoscaling.Max, a.Autoscaling.Min)
}

// disruption: one budget, and one that lets a node be drained.
func (c *checker) disruption(path, _ string, a *App) {
	budget := at(path, "disruption")
	kept, missing := a.Disruption.MinAvailable, a.Disruption.MaxUnavailable
	if kept != nil && missing != nil {
		c.add(budget, "must have one of minAvailable and maxUnavailable, got both")
	}
	if missing != nil {
		c.between(at(budget, "maxUnavailable"), *missing, 0, maxPods)
		c.check(at(budget, "maxUnavailable"), *missing > 0, "must be at least 1, or no node can be drained, got 0")
	}
	if kept == nil {
		return
	}
	c.between(at(budget, "minAvailable"), *kept, 0, maxPods)
	if least, key, known := c.leastPods(path, a); known && least > 0 {
		c.check(at(budget, "minAvailable"), *kept < least,
			"must be less than %s (%d), or no node can be drained, got %d", key, least, *kept)
	}
}

// leastPods returns how many pods an app has when it has the fewest, and the key that says so.
func (c *checker) leastPods(path string, a *App) (pods int, key string, known bool) {
	if scaling := at(path, "autoscaling"); a.Autoscaling != nil {
		return a.Autoscaling.Min, "autoscaling.min", c.sound(scaling) && c.sound(at(scaling, "min"))
	}
	if a.Replicas == nil {
		return 0, "", false
	}
	return *a.Replicas, "replicas", c.sound(at(path, "replicas"))
}

// mostPods returns how many pods an app has when it has the most.
func (c *checker) mostPods(path string, a *App) (pods int, known bool) {
	if scaling := at(path, "autoscaling"); a.Autoscaling != nil {
		return a.Autoscaling.Max, c.sound(scaling) && c.sound(at(scaling, "max"))
	}
	if a.Replicas == nil {
		return 0, false
	}
	return *a.Replicas, c.sound(at(path, "replicas"))
}
