using k8s;
using k8s.Models;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Deployment.Tests.Kubernetes;

/// <summary>deploy/kubernetes, without a cluster: by the schemas of its objects, and by what an operator relies on.</summary>
public sealed class ManifestTests
{
    private const string Folder = "deploy/kubernetes";

    private static readonly string[] Ours = ["silo", "edge", "gateway"];

    public static TheoryData<string> Files => [.. Names.Select(name => $"{Folder}/{name}")];

    private static IEnumerable<string> Names => Directory.EnumerateFiles(Path.Combine(Repository.Root, Folder), "*.yaml").Select(file => Path.GetFileName(file));

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_manifest_is_as_Kubernetes_schemas_want_it(string file) =>
        Assert.Empty((await SchemaCheck.Of("kubernetes", file)).Errors);

    [Fact]
    public void No_manifest_has_a_field_that_Kubernetes_does_not_know() => Assert.NotEmpty(Objects());

    [Fact]
    public void A_field_that_Kubernetes_does_not_know_is_found() => Assert.ThrowsAny<Exception>(() =>
        KubernetesYaml.LoadAllFromString("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {prots: []}\n", null, strict: true));

    [Fact]
    public async Task Everything_is_applied_and_in_one_namespace()
    {
        var kustomization = Assert.Single((await SchemaCheck.Of("kubernetes", $"{Folder}/kustomization.yaml")).Documents);
        Assert.Equal(
            Names.Where(name => name != "kustomization.yaml").Order(),
            kustomization["resources"]!.AsArray().Select(name => (string)name!).Order());
        Assert.All(Objects().OfType<IMetadata<V1ObjectMeta>>().Where(thing => thing is not V1Namespace), thing =>
            Assert.Equal("orleans-iot", thing.Metadata.NamespaceProperty));
    }

    [Fact]
    public void Every_pod_is_nobody_writes_nowhere_and_has_limits()
    {
        foreach (var pod in Pods())
        {
            Assert.True(pod.SecurityContext.RunAsNonRoot);
            Assert.True(pod.SecurityContext.RunAsUser > 0);
            Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type);
            Assert.False(pod.AutomountServiceAccountToken);
            foreach (var container in pod.Containers.Concat(pod.InitContainers ?? []))
            {
                Assert.True(container.SecurityContext.ReadOnlyRootFilesystem, container.Name);
                Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
                Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
                Assert.Contains("memory", container.Resources.Limits.Keys);
                Assert.Contains("cpu", container.Resources.Limits.Keys);
            }
        }
    }

    [Fact]
    public void Every_process_is_asked_how_it_is_and_is_given_time_to_end()
    {
        foreach (var pod in Deployments().Select(deployment => deployment.Spec.Template.Spec))
        {
            var process = Assert.Single(pod.Containers);
            Assert.Equal("/health/live", process.LivenessProbe.HttpGet.Path);
            Assert.Equal("/health/ready", process.ReadinessProbe.HttpGet.Path);
            Assert.NotNull(process.StartupProbe);
            Assert.NotNull(process.Lifecycle.PreStop);
            Assert.True(pod.TerminationGracePeriodSeconds >= 15);
        }
    }

    [Fact]
    public void Each_role_scales_and_loses_one_pod_at_a_time()
    {
        var objects = Objects();
        Assert.Equal(Ours.Order(), Deployments().Select(deployment => deployment.Metadata.Name).Order());
        foreach (var role in Ours)
        {
            var scale = Assert.Single(objects.OfType<V2HorizontalPodAutoscaler>(), scaler => scaler.Spec.ScaleTargetRef.Name == role);
            Assert.True(scale.Spec.MinReplicas >= 2);
            var budget = Assert.Single(objects.OfType<V1PodDisruptionBudget>(), budget => budget.Spec.Selector.MatchLabels["app"] == role);
            Assert.Equal("1", budget.Spec.MaxUnavailable.Value);
            var deployment = Deployments().Single(deployment => deployment.Metadata.Name == role);
            Assert.Null(deployment.Spec.Replicas); // the autoscaler's to say
            Assert.Equal("0", deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.Value);
        }
    }

    [Fact]
    public void Nobody_reaches_anybody_unless_it_is_said_and_silos_are_reached_by_ours_only()
    {
        var policies = Objects().OfType<V1NetworkPolicy>().ToList();
        Assert.Contains(policies, policy =>
            policy.Spec.PodSelector.MatchLabels is null && policy.Spec.PodSelector.MatchExpressions is null
            && policy.Spec.PolicyTypes.Order().SequenceEqual(["Egress", "Ingress"])
            && policy.Spec.Ingress is null && policy.Spec.Egress is null);
        var silo = Assert.Single(policies, policy => policy.Metadata.Name == "silo");
        Assert.All(silo.Spec.Ingress, rule => Assert.All(rule.FromProperty, peer => Assert.NotNull(peer.PodSelector)));
        Assert.DoesNotContain(Objects().OfType<V1Service>(), service => service.Spec.Selector["app"] == "silo");
        Assert.All(Objects().OfType<V1Service>().Where(service => service.Spec.Type == "LoadBalancer"), service =>
            Assert.DoesNotContain(service.Spec.Ports, port => port.Port is 8080 or 11111 or 30000 or 5432));
    }

    [Fact]
    public async Task Every_image_has_a_version()
    {
        var kustomization = Assert.Single((await SchemaCheck.Of("kubernetes", $"{Folder}/kustomization.yaml")).Documents);
        var tags = kustomization["images"]!.AsArray().ToDictionary(image => (string)image!["name"]!, image => (string)image!["newTag"]!);
        Assert.All(Pods().SelectMany(pod => pod.Containers.Concat(pod.InitContainers ?? [])), container =>
            Assert.Matches(@":\d+\.\d+", tags.TryGetValue(container.Image, out var tag) ? $"{container.Image}:{tag}" : container.Image));
    }

    [Fact]
    public void The_executable_takes_what_it_is_told()
    {
        var shared = Objects().OfType<V1ConfigMap>().Single().Data;
        foreach (var process in Deployments().Select(deployment => deployment.Spec.Template.Spec.Containers.Single()))
        {
            var own = (process.Env ?? []).Select(variable => KeyValuePair.Create(variable.Name, variable.Value ?? "10.0.0.7"));
            ProcessOptions.MustBeTaken(process.Args, shared.Concat(own));
        }
    }

    [Fact]
    public void Every_secret_that_is_mounted_is_one_that_the_script_makes()
    {
        var script = File.ReadAllText(Path.Combine(Repository.Root, Folder, "create-secrets"));
        var secrets = Pods().SelectMany(pod => pod.Volumes).Select(volume => volume.Secret?.SecretName).OfType<string>().Distinct().ToList();
        Assert.Equal(4, secrets.Count);
        Assert.All(secrets, secret => Assert.Contains($"secret {secret} ", script, StringComparison.Ordinal));
    }

    private static List<object> Objects() =>
    [
        .. Names.Where(name => name != "kustomization.yaml").SelectMany(name => KubernetesYaml.LoadAllFromString(
            File.ReadAllText(Path.Combine(Repository.Root, Folder, name)), null, strict: true)),
    ];

    private static IEnumerable<V1Deployment> Deployments() => Objects().OfType<V1Deployment>();

    private static IEnumerable<V1PodSpec> Pods() => Deployments().Select(deployment => deployment.Spec.Template.Spec)
        .Concat(Objects().OfType<V1StatefulSet>().Select(set => set.Spec.Template.Spec));
}
