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

    /// <summary>The same for a state that only an answer shows, as that of another process.</summary>
    public static async Task IsAsync(Func<Task<bool>> condition)
    {
        var start = Environment.TickCount64;
        while (!await condition())
        {
            if (Environment.TickCount64 - start > 30_000)
            {
                throw new TimeoutException("It never came to that.");
            }

            await Task.Delay(20); // a server takes so many questions a second, and a clock of a test may stand still
        }
    }
}
