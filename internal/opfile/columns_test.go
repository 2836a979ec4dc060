package opfile

import (
	"strings"
	"testing"
)

// A column that says what to do is never left alone while its rows create
// people, whatever its header and its language; nor is one whose header is
// misspelled; unless it is told so.
func TestColumnsOfOperationsAreNotOverlooked(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"userName,Vorgang\na@example.com,löschen\n",
			`column "Vorgang", value "löschen": unknown operation; expected create, update or delete`},
		{"userName,acción\na@example.com,\nb@example.com,eliminar\n", "unknown operation"},
		{"userName,Wunsch\na@example.com,x\nb@example.com,Entfernen\n",
			`column "Wunsch": an unknown column that seems to hold operations`},
		{"userName,Status\na@example.com,Deleted\n", "an unknown column that seems to hold operations"},
		{"userName,Delete?\na@example.com,x\n", "an unknown column that seems to hold operations"},
		{"userName,To be removed\na@example.com,TRUE\n", "an unknown column that seems to hold operations"},
		{"userName,削除フラグ\na@example.com,1\n", "an unknown column that seems to hold operations"},
		{"userName,Note\na@example.com,supprimer\n", "an unknown column that seems to hold operations"},
		{"userName,Departmnet\na@example.com,x\n",
			`column "Departmnet": an unknown column, perhaps a misspelled one; expected Department; or --ignore-column "Departmnet" to ignore it`},
		{"userName,First-Nmae\na@example.com,x\n", "expected First Name"},
		{"userName,Titel\na@example.com,x\n", "expected Title"},
		{"displayName,Membres\nx,a@example.com\n", "expected members"},
	} {
		if _, wrong := readInvalid(t, "users.csv", c.text); wrong.Count != 1 || !strings.Contains(wrong.Error(), c.want) {
			t.Errorf("%q:\n got  %v\n want %s", c.text, wrong.Error(), c.want)
		}
		header, _, _ := strings.Cut(c.text, "\n")
		_, ignored, _ := strings.Cut(header, ",")
		r, err := Read(strings.NewReader(c.text),
			Options{Name: "users.csv", IgnoreColumns: []string{strings.ToUpper(ignored)}})
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		readValid(t, r)
		notes := strings.Join(r.Notes(), "\n")
		if !strings.Contains(notes, "ignored: 1 column, as requested ("+ignored+")") {
			t.Errorf("%q: %s", c.text, notes)
		}
	}
	readValid(t, open(t, "users.csv",
		"userName,Phone 2,Shoe size,Comment,Last modified,Delete,Calendar Service (Suspended),Contact Center (Suspended)\n"+
			"a@example.com,+1,39,to be deleted soon?,5,,TRUE,TRUE\n"))
	if _, err := Read(strings.NewReader("userName,title\n"),
		Options{Name: "users.csv", IgnoreColumns: []string{"titel"}}); err == nil {
		t.Error("a column that is not there is ignored")
	}
}

// No error quotes anything of a column whose header says password, nor of a row
// in disorder that has one.
func TestPasswordsAreNotQuoted(t *testing.T) {
	for _, header := range []string{"password", "Password [Required]",
		"Initial password [passwordProfile] Required", "Kennwort", "Mot de passe", "Contraseña", "新しいパスワード"} {
		for _, row := range []string{`Se"cret,x,y`, `"Se"cret,x`, "Secret,x,y,Secret", "=Secret,x",
			"#REF!Secret,x", "Secret\xff,x", "S\x07ecret,\xff"} {
			text := header + ",userName\n" + row + "\n" + "x,not Ann\n"
			_, wrong := readInvalid(t, "users.csv", text)
			if wrong.Count == 0 || strings.Contains(strings.ReplaceAll(wrong.Error(), "\\x07", ""), "ecret") {
				t.Errorf("%q: %v", text, wrong.Error())
			}
		}
	}
}
