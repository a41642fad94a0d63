using Orleans.Concurrency;

namespace OrleansIoT.Engine.Tests.Grains;

[Alias("test.IListener")]
public interface IListener : IGrainObserver
{
    [Alias("Hear")]
    Task Hear(int number);

    [OneWay, Alias("Overhear")]
    Task Overhear(int number);

    [Alias("Note")]
    void Note(int number);
}

[Alias("test.ISpeakerGrain")]
public interface ISpeakerGrain : IGrainWithStringKey
{
    [Alias("Add")]
    Task Add(IListener listener);

    /// <summary>Tells everybody every number, and waits for nobody.</summary>
    [Alias("Tell")]
    Task Tell(int count);

    /// <summary>Tells everybody one number and waits until each has heard it or failed.</summary>
    /// <returns>The messages of those that failed.</returns>
    [Alias("Ask")]
    Task<List<string>> Ask(int number);

    [Alias("Has")]
    Task<bool> Has(IListener listener);
}

public sealed class SpeakerGrain : Grain, ISpeakerGrain
{
    private readonly List<IListener> _listeners = [];

    public Task Add(IListener listener)
    {
        _listeners.Add(listener);
        return Task.CompletedTask;
    }

    public Task Tell(int count)
    {
        for (var i = 0; i < count; i++)
        {
            foreach (var listener in _listeners)
            {
                if (i % 2 == 0)
                {
                    listener.Note(i);
                }
                else
                {
                    _ = listener.Overhear(i);
                }
            }
        }

        return Task.CompletedTask;
    }

    public async Task<List<string>> Ask(int number)
    {
        var failures = new List<string>();
        foreach (var listener in _listeners)
        {
            try
            {
                await listener.Hear(number);
            }
            catch (Exception failure)
            {
                failures.Add(failure.Message);
            }
        }

        return failures;
    }

    public Task<bool> Has(IListener listener) => Task.FromResult(_listeners.Contains(listener));
}
