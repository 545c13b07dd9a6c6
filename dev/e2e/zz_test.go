package e2e
import ("testing";"homeroom/dev/house";"homeroom/subjects";"log/slog";"context";"time")
func TestZZ(t *testing.T){
	w := open(t, academy(t, victimRules), house.Options{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	b := &burst{t: t, js: w.house.JS}
	b.event("Zoë 🎓", "assessment.graded", "z-1", `{"assessment_id":"q1","score_pct":40,"passed":false}`)
	b.flush(w.ctx)
	ctx,c:=context.WithTimeout(w.ctx,5*time.Second); defer c()
	w.heard.ctx=ctx
	time.Sleep(2*time.Second)
	t.Log(w.house.App.Stats())
	s,_:=w.house.JS.Stream(w.ctx, subjects.DeadStream)
	if m,err:=s.GetMsg(w.ctx,1);err==nil{t.Log(m.Header, string(m.Data))}
	st,err:=w.state("Zoë 🎓"); t.Logf("%+v %v",st,err)
	w.heard.wait(1, of("Zoë 🎓"))
}
