package main

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
)

var (
	givenNames = strings.Fields(`Ada Amira Anders Bela Carmen Chidi Dalia Dimitri Elena Emeka Fatima Femi Greta Hana
		Hugo Ines Ivan Jonas Juno Kaito Kofi Lena Lucia Mateo Mei Milan Nadia Nils Noor Olga Omar Petra Priya Quentin Rosa
		Ruben Sana Sven Tariq Tova Uma Vera Wanda Xavi Yara Yusuf Zoe`)
	familyNames = strings.Fields(`Abara Almeida Berg Bianchi Castro Chen Dahl Diallo Ekman Eze Farkas Fischer Garcia
		Haddad Horvat Ito Jansen Jensen Kaya Kim Kowalski Lang Lopez Maier Mensah Moreau Nagy Novak Okafor Olsen Park Petrov
		Quist Rahman Rossi Sato Silva Singh Tanaka Torres Ueda Vega Virtanen Weber Wolf Yilmaz Zhang`)
	departments = []string{"Engineering", "Sales", "Support", "Finance", "People", "Operations", "Legal", "Design"}
)

// company makes up an organization: a chief, a head for each department, teams
// of nine with a lead, and a group for each department and team. Equal seeds
// make equal companies.
type company struct {
	size  int
	rng   *rand.Rand
	known map[string]int // addresses in use
	teams map[string][]string
	heads map[string]string
}

func newCompany(size int, seed int64) *company {
	return &company{
		size: size, rng: rand.New(rand.NewPCG(uint64(seed), 1)), known: map[string]int{},
		teams: map[string][]string{}, heads: map[string]string{},
	}
}

// operations yields the creates of the users, then those of the groups. trouble
// is called with the userName of every hundredth user except the first, so that
// the caller can make it fail.
func (c *company) operations(trouble func(userName string)) iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		lead := map[string]string{}
		for i := range c.size {
			dept := departments[c.rng.IntN(len(departments))]
			id := fmt.Sprintf("u%d", i)
			boss := "u0"
			switch members := c.teams[dept]; {
			case i == 0:
				boss = ""
			case c.heads[dept] == "":
				c.heads[dept] = id
			case len(members)%9 == 0:
				boss, lead[dept] = c.heads[dept], id
			default:
				boss = lead[dept]
			}
			c.teams[dept] = append(c.teams[dept], id)
			if i == 0 || c.heads[dept] == id {
				c.teams[dept] = c.teams[dept][:len(c.teams[dept])-1]
			}
			user := c.person(i, dept, boss)
			if i > 100 && i%100 == 42 {
				trouble(user.UserName)
			}
			if !yield(client.Users.Create(user).Named(id), nil) {
				return
			}
		}
		for _, dept := range departments {
			if !c.groups(dept, yield) {
				return
			}
		}
	}
}

func (c *company) person(i int, dept, boss string) gen.User {
	given, family := givenNames[c.rng.IntN(len(givenNames))], familyNames[c.rng.IntN(len(familyNames))]
	local := strings.ToLower(given + "." + family)
	c.known[local]++
	if n := c.known[local]; n > 1 {
		local += fmt.Sprint(n)
	}
	mail := local + "@example.com"
	user := gen.User{
		UserName:    mail,
		Name:        gen.PersonName{GivenName: given, FamilyName: family},
		DisplayName: given + " " + family,
		Emails:      []gen.Email{{Value: mail, Type: "work", Primary: new(true)}},
		Enterprise:  gen.EnterpriseUser{Department: dept, EmployeeNumber: fmt.Sprint(10000 + i)},
	}
	if boss != "" {
		user.Enterprise.Manager = gen.Manager{Value: client.Ref(boss)}
	}
	return user
}

// groups creates the group of a department and those of its teams.
func (c *company) groups(dept string, yield func(client.Operation, error) bool) bool {
	all := c.teams[dept]
	if len(all) == 0 {
		return true
	}
	group := func(name, id string, members []string) bool {
		g := gen.Group{DisplayName: name, ExternalID: id}
		for _, m := range members {
			g.Members = append(g.Members, gen.GroupMember{Value: client.Ref(m)})
		}
		return yield(client.Groups.Create(g).Named(id), nil)
	}
	if !group(dept, "g-"+strings.ToLower(dept), all[:min(len(all), 500)]) {
		return false
	}
	for i := 0; i < len(all); i += 9 {
		n := i/9 + 1
		id := fmt.Sprintf("g-%s-%d", strings.ToLower(dept), n)
		if !group(fmt.Sprintf("%s team %d", dept, n), id, all[i:min(i+9, len(all))]) {
			return false
		}
	}
	return true
}
