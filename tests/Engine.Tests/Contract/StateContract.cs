using Orleans.Storage;
using OrleansIoT.Engine.Tests.Grains;

namespace OrleansIoT.Engine.Tests.Contract;

/// <summary>Rule 8: state that outlives the activation.</summary>
public abstract class StateContract(Engine engine)
{
    private readonly string _key = Scene.NewKey();

    private ITallyGrain Grain => engine.Grains.GetGrain<ITallyGrain>(_key);

    [Fact]
    public async Task Without_a_record_the_state_is_new() =>
        Assert.Equal(new TallyReport(0, false, false), await Grain.ReadOnActivation());

    [Fact]
    public async Task What_was_written_is_there_before_the_next_activation_begins()
    {
        Assert.Equal(new TallyReport(1, true, true), await Grain.Add());
        Assert.Equal(new TallyReport(2, true, true), await Grain.Add());
        await Grain.End();

        Assert.Equal(new TallyReport(2, true, true), await Grain.ReadOnActivation());
    }

    [Fact]
    public async Task What_was_not_written_ends_with_the_activation()
    {
        await Grain.Add();
        await Grain.AddInMemory();
        await Grain.End();

        Assert.Equal(new TallyReport(1, true, true), await Grain.ReadOnActivation());
    }

    [Fact]
    public async Task A_cleared_state_is_new_again()
    {
        await Grain.Add();

        Assert.Equal(0, (await Grain.Clear()).Count);
        await Grain.End();
        Assert.Equal(new TallyReport(0, false, false), await Grain.ReadOnActivation());
    }

    [Fact]
    public async Task Writing_over_what_somebody_else_wrote_is_refused_and_the_next_activation_reads_anew()
    {
        await Grain.Add();
        await Grain.BeOvertaken();

        await Assert.ThrowsAsync<InconsistentStateException>(() => Grain.Add());

        Assert.Equal(100, (await Grain.ReadOnActivation()).Count);
        Assert.Equal(new TallyReport(101, true, true), await Grain.Add());
    }

    [Fact]
    public async Task Grains_of_different_keys_have_different_states()
    {
        await Grain.Add();

        Assert.Equal(0, (await engine.Grains.GetGrain<ITallyGrain>(_key + "/other").ReadOnActivation()).Count);
    }
}
