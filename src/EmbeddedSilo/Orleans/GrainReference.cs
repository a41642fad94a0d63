using System.ComponentModel;
using OrleansIoT.EmbeddedSilo.Engine;

namespace Orleans.Runtime;

/// <summary>
/// A grain's address. For every grain interface the generator derives a class from this one that implements the
/// interface: each method makes a <see cref="Request"/> and hands it to <see cref="Call(TaskRequest)"/>.
/// </summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>
{
    private readonly GrainClass _class;

    // The activation that took the last call. A closed one refuses the next, which then asks the directory.
    private Activation? _activation;

    [EditorBrowsable(EditorBrowsableState.Never)]
    protected internal GrainReference(GrainAddress address)
    {
        _class = address.Class;
        _activation = address.Activation;
        Key = address.Key;
    }

    public GrainId GrainId => _class.IdOf(Key);

    internal string Key { get; }

    internal Silo Silo => _class.Silo;

    public bool Equals(GrainReference? other) =>
        other is not null && other._class == _class && other.Key == Key && other.GetType() == GetType();

    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    public override int GetHashCode() => HashCode.Combine(_class, Key);

    public override string ToString() => $"{GetType().Name} {GrainId}";

    internal TGrainInterface As<TGrainInterface>() =>
        this is TGrainInterface already
            ? already
            : GrainInterface<TGrainInterface>.Reference(_class.Implementing<TGrainInterface>(), Key, _activation);

    internal void CloseObserver()
    {
        if (!_class.IsObserver)
        {
            throw new ArgumentException("This is no reference that CreateObjectReference has made.");
        }

        _activation!.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "The reference was deleted."));
    }

    protected Task Call(TaskRequest request) =>
        Silo.OutgoingFilters.Length > 0 ? OutgoingCall.Run(this, request) : Send(request);

    protected Task<TResult> Call<TResult>(TaskRequest<TResult> request) =>
        Silo.OutgoingFilters.Length > 0 ? OutgoingCall.Run(this, request) : Send(request);

    internal Task Send(TaskRequest request)
    {
        var response = request.HasCaller ? request.Response : Task.CompletedTask;
        Deliver(request);
        return response;
    }

    internal Task<TResult> Send<TResult>(TaskRequest<TResult> request)
    {
        var response = request.Response;
        Deliver(request);
        return response;
    }

    private void Deliver(Request request)
    {
        var caller = Activation.Current;
        request.Depart(caller, ExecutionContext.Capture());
        if (!Silo.Accepts(caller))
        {
            request.Fail(Silo.Unavailable());
            return;
        }

        if (request.Cancellation is { } cancellation && !cancellation.Watch(request))
        {
            return;
        }

        if (_activation?.TryEnqueue(request) != true)
        {
            _activation = _class.Deliver(Key, request);
        }
    }
}
