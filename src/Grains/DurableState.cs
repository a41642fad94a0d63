namespace OrleansIoT.Grains;

/// <summary>
/// The state of a grain, of which only what is durable is seen: calls that interleave with a write, which may fail or die with
/// its silo, would otherwise read what later never was. Writes follow one another.
/// </summary>
/// <param name="stored">As the engine has it.</param>
internal sealed class DurableState<T>(IPersistentState<T> stored)
    where T : class
{
    private (T Value, bool Exists)? _before;
    private Task _last = Task.CompletedTask;

    public T Value => _before?.Value ?? stored.State;

    public bool Exists => _before?.Exists ?? stored.RecordExists;

    /// <summary>
    /// Complete when what becomes of the state is durable. A grain whose write fails does not know what is stored, and has to give
    /// way to one that reads it.
    /// </summary>
    public Task Write(Func<T, T> change) => _last = Store(_last, () =>
    {
        stored.State = change(stored.State);
        return stored.WriteStateAsync();
    });

    public Task Clear() => _last = Store(_last, stored.ClearStateAsync);

    private async Task Store(Task last, Func<Task> store)
    {
        await last.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        var before = stored.State;
        _before = (before, stored.RecordExists);
        try
        {
            await store();
        }
        catch
        {
            stored.State = before;
            throw;
        }
        finally
        {
            _before = null;
        }
    }
}
