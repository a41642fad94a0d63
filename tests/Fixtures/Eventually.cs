namespace OrleansIoT.Fixtures;

/// <summary>For what has no event to wait for: a state that another thread reaches.</summary>
public static class Eventually
{
    public static async Task Is(Func<bool> condition)
    {
        var start = Environment.TickCount64;
        while (!condition())
        {
            if (Environment.TickCount64 - start > 30_000)
            {
                throw new TimeoutException("It never came to that.");
            }

            await Task.Yield();
        }
    }

    /// <summary>Likewise, of what has to be asked for.</summary>
    public static async Task Is(Func<Task<bool>> condition)
    {
        var start = Environment.TickCount64;
        while (!await condition())
        {
            if (Environment.TickCount64 - start > 30_000)
            {
                throw new TimeoutException("It never came to that.");
            }
        }
    }
}
