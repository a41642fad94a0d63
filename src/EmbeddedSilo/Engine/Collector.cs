namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>Ends the activations that nobody has needed for as long as their class says.</summary>
internal sealed class Collector(Silo silo) : IDisposable
{
    private ITimer? _timer;

    public void Dispose() => _timer?.Dispose();

    internal void Start()
    {
        var quantum = silo.Options.CollectionQuantum;
        _timer = silo.Clock.CreateTimer(static self => ((Collector)self!).Collect(), this, quantum, quantum);
    }

    private void Collect()
    {
        var reason = new DeactivationReason(DeactivationReasonCode.ActivationIdle, "Nobody has called it for long.");
        foreach (var activation in silo.Activations.Where(activation => activation.IsOld))
        {
            activation.TryEnqueue(new Ending(reason, onlyIfIdle: true));
        }
    }
}
