using System.Collections.Frozen;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>The assemblies whose grain classes the silo runs.</summary>
internal sealed record GrainAssemblies(IReadOnlyCollection<Assembly> Assemblies);

/// <summary>The grain classes of one process, and the references to their grains.</summary>
internal sealed partial class Silo : IClusterClient, IHostedService, IDisposable
{
    private readonly ILogger<Silo> _logger;
    private readonly FrozenDictionary<string, GrainClass> _classes;
    private readonly FrozenDictionary<Type, GrainClass[]> _implementations;
    private readonly GrainClass _observers;
    private long _lastObserver;

    public Silo(
        IServiceProvider services,
        GrainAssemblies grains,
        IOptions<EmbeddedSiloOptions> options,
        TimeProvider clock,
        ILogger<Silo> logger)
    {
        Services = services;
        Options = options.Value;
        Clock = clock;
        _logger = logger;
        Sweeper = new Sweeper(this);
        Reminders = new Reminders(this, services.GetService<IReminderStore>());
        _collector = new Collector(this);
        _observers = GrainClass.ForObservers(this);
        _classes = ClassesIn(grains).ToFrozenDictionary(grainClass => grainClass.GrainType.Value);
        _implementations = (
            from grainClass in _classes.Values
            from grainInterface in grainClass.Type.GetInterfaces()
            where grainInterface.IsAssignableTo(typeof(IGrain))
            group grainClass by grainInterface).ToFrozenDictionary(group => group.Key, group => group.ToArray());
    }

    public IServiceProvider ServiceProvider => Services;

    internal IServiceProvider Services { get; }

    internal EmbeddedSiloOptions Options { get; }

    internal TimeProvider Clock { get; }

    internal Sweeper Sweeper { get; }

    internal Reminders Reminders { get; }

    internal IEnumerable<Activation> Activations => _classes.Values.SelectMany(grainClass => grainClass.Activations);

    // Filled at the start, because a filter may want the grain factory, which is this.
    internal IIncomingGrainCallFilter[] IncomingFilters { get; private set; } = [];

    internal IOutgoingGrainCallFilter[] OutgoingFilters { get; private set; } = [];

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        return GrainInterface<TGrainInterface>.Reference(
            ClassFor(typeof(TGrainInterface), grainClassNamePrefix), primaryKey);
    }

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable => Reference<TGrainInterface>(grainId);

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
        ArgumentNullException.ThrowIfNull(obj);
        if (obj is GrainReference || obj is not TGrainObserverInterface)
        {
            throw new ArgumentException($"{obj.GetType()} is no object that implements {typeof(TGrainObserverInterface)}.", nameof(obj));
        }

        var key = Interlocked.Increment(ref _lastObserver).ToString(CultureInfo.InvariantCulture);
        var activation = new Activation(_observers, key, new WeakReference(obj));
        return GrainInterface<TGrainObserverInterface>.Reference(_observers, key, activation);
    }

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
        if (obj is not GrainReference reference)
        {
            throw new ArgumentException("This is no reference that CreateObjectReference has made.", nameof(obj));
        }

        reference.CloseObserver();
    }

    internal TGrainInterface Reference<TGrainInterface>(GrainId grainId) =>
        GrainInterface<TGrainInterface>.Reference(
            (FindClass(grainId.Type) ?? throw new ArgumentException($"There is no grain class of the type '{grainId.Type}'."))
                .Implementing<TGrainInterface>(),
            grainId.Key.Value);

    internal GrainClass? FindClass(GrainType type) => _classes.GetValueOrDefault(type.Value);

    private GrainClass ClassFor(Type grainInterface, string? prefix)
    {
        if (!_implementations.TryGetValue(grainInterface, out var classes))
        {
            throw new ArgumentException($"Could not find an implementation for interface {grainInterface}.");
        }

        if (string.IsNullOrWhiteSpace(prefix))
        {
            return classes.Length == 1 ? classes[0] : PrimaryOf(classes, grainInterface);
        }

        return Array.Find(classes, candidate => candidate.Type.FullName == prefix)
            ?? Single(Array.FindAll(
                classes, candidate => candidate.Type.FullName!.StartsWith(prefix, StringComparison.Ordinal)));

        GrainClass Single(GrainClass[] candidates) => candidates is [var one] ? one : throw Ambiguous(grainInterface, candidates);
    }

    /// <summary>As Orleans does it: the class that is called as the interface is, without the I.</summary>
    private static GrainClass PrimaryOf(GrainClass[] classes, Type grainInterface) =>
        Array.Find(classes, candidate => grainInterface.Name == "I" + candidate.Type.Name)
            ?? throw Ambiguous(grainInterface, classes);

    private static ArgumentException Ambiguous(Type grainInterface, GrainClass[] candidates) => new(
        $"Unable to identify a single appropriate grain type for interface {grainInterface}. "
        + $"Candidates: {string.Join(", ", candidates.Select(candidate => candidate.Type.FullName))}.");

    private IEnumerable<GrainClass> ClassesIn(GrainAssemblies grains) =>
        from assembly in grains.Assemblies
        from type in assembly.GetTypes()
        where type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false }
            && type.IsAssignableTo(typeof(IGrain))
            && !type.IsAssignableTo(typeof(GrainReference))
        select new GrainClass(this, type);
}
