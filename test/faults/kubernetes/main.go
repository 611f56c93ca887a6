// Makes of a folder with a kustomization what kubectl would apply, reads it as Kubernetes does, with its own types, and
// refuses what these do not know. What makes pods is held against the restricted level of the Pod Security Standards, by
// Kubernetes' own code.
//
//	kubernetes FOLDER
package main

import (
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

func kinds() map[string]any {
	return map[string]any{
		"v1/ConfigMap":                           &corev1.ConfigMap{},
		"v1/Service":                             &corev1.Service{},
		"v1/ServiceAccount":                      &corev1.ServiceAccount{},
		"apps/v1/Deployment":                     &appsv1.Deployment{},
		"autoscaling/v2/HorizontalPodAutoscaler": &autoscalingv2.HorizontalPodAutoscaler{},
		"networking.k8s.io/v1/NetworkPolicy":     &networkingv1.NetworkPolicy{},
		"policy/v1/PodDisruptionBudget":          &policyv1.PodDisruptionBudget{},
	}
}

func main() {
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	failed := false
	for _, resource := range made.Resources() {
		name := resource.GetKind() + " " + resource.GetName()
		if err := check(resource); err != nil {
			failed = true
			fmt.Printf("%s: %v\n", name, err)
			continue
		}
		fmt.Printf("%s: fine\n", name)
	}
	if failed {
		os.Exit(1)
	}
}

func check(resource *resource.Resource) error {
	kind := resource.GetApiVersion() + "/" + resource.GetKind()
	into, known := kinds()[kind]
	if !known {
		return fmt.Errorf("%s is no kind that is expected here", kind)
	}
	text, err := resource.AsYAML()
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		return err
	}
	switch of := into.(type) {
	case *appsv1.Deployment:
		return restricted(of.Spec.Template)
	case *corev1.ConfigMap:
		if of.Data["config.yaml"] == "" {
			return fmt.Errorf("has no config.yaml")
		}
	}
	return nil
}

func restricted(pods corev1.PodTemplateSpec) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return err
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	verdict := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &pods.ObjectMeta, &pods.Spec))
	if !verdict.Allowed {
		return fmt.Errorf("is not restricted: %s", verdict.ForbiddenDetail())
	}
	return nil
}
