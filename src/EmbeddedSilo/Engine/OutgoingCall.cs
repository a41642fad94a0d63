using System.Reflection;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>A call on the caller's side, while outgoing filters look at it.</summary>
internal sealed class OutgoingCall : IOutgoingGrainCallContext
{
    private readonly GrainReference _reference;
    private readonly Request _request;
    private readonly Func<Task> _send;
    private readonly Func<Task, object?> _resultOf;
    private readonly Activation? _source = Activation.Current;
    private int _nextFilter;
    private object? _result;

    private OutgoingCall(GrainReference reference, Request request, Func<Task> send, Func<Task, object?> resultOf)
    {
        _reference = reference;
        _request = request;
        _send = send;
        _resultOf = resultOf;
    }

    public object Grain => _reference;

    public GrainId? SourceId => _source?.GrainId;

    public IGrainContext? SourceContext => _source;

    public GrainId TargetId => _reference.GrainId;

    public string InterfaceName => _request.Method.InterfaceName;

    public string MethodName => _request.Method.Name;

    public MethodInfo InterfaceMethod => _request.Method.Info;

    public object? Result
    {
        get => _result;
        set => _result = value;
    }

    public static Task Run(GrainReference reference, TaskRequest request) =>
        new OutgoingCall(reference, request, () => reference.Send(request), _ => null).Invoke();

    public static async Task<TResult> Run<TResult>(GrainReference reference, TaskRequest<TResult> request)
    {
        var call = new OutgoingCall(
            reference, request, () => reference.Send(request), answer => ((Task<TResult>)answer).Result);
        await call.Invoke();
        return (TResult)call.Result!;
    }

    public Task Invoke()
    {
        var filters = _reference.Silo.OutgoingFilters;
        var index = _nextFilter++;
        return index < filters.Length ? filters[index].Invoke(this) : SendRequest();
    }

    private async Task SendRequest()
    {
        var answer = _send();
        await answer;
        _result = _resultOf(answer);
    }
}
